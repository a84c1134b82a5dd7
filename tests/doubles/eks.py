"""A double of the EKS component provider: its Cluster alone.

What the real one looks up itself (versions of add-ons) or makes for its default nodes alone is refused: a
program that asks for it fails here.
"""

import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version

import pulumi
import pulumi_eks
from pulumi import _types
from pulumi.provider import ConstructResult, Provider, main

from tests.doubles.component import Cluster, Inputs, made_addons

_NESTED = {
    "vpcCniOptions": pulumi_eks.VpcCniOptionsArgs,
    "kubeProxyAddonOptions": pulumi_eks.KubeProxyAddonOptionsArgs,
    "corednsAddonOptions": pulumi_eks.CoreDnsAddonOptionsArgs,
}
_NOT_DOUBLED = (
    "autoMode",
    "clusterSecurityGroup",
    "createInstanceRole",
    "creationRoleProvider",
    "fargate",
    "instanceRole",
    "instanceRoles",
    "nodeGroupOptions",
    "roleMappings",
    "serviceRole",
    "storageClasses",
    "userMappings",
)


def failures(inputs: Inputs) -> Iterator[tuple[str, str]]:
    """Yield what this double, or the real component, refuses."""
    yield from _unknown("", inputs, pulumi_eks.ClusterArgs)
    for name, arguments in _NESTED.items():
        yield from _unknown(f"{name}.", inputs.get(name) or {}, arguments)
    for name in _NOT_DOUBLED:
        if inputs.get(name):
            yield name, "is not in this double"
    yield from _unwanted(inputs)
    yield from _access_failures(inputs)


def _unwanted(inputs: Inputs) -> Iterator[tuple[str, str]]:
    if inputs.get("skipDefaultNodeGroup") is not True:
        yield "skipDefaultNodeGroup", "must be true: the default nodes are unmanaged"
    if inputs.get("skipDefaultSecurityGroups") is not True:
        yield "skipDefaultSecurityGroups", "must be true: managed nodes use the group that EKS makes"
    if inputs.get("createOidcProvider") is not False:
        yield "createOidcProvider", "must be false: it reads a certificate from the network in each preview"
    if not inputs.get("vpcId"):
        yield "vpcId", "is missing: the component would look for the default network"
    if inputs.get("endpointPublicAccess") is False and inputs.get("publicAccessCidrs"):
        yield "publicAccessCidrs", "can only be set when endpointPublicAccess is true"
    if inputs.get("subnetIds") and (inputs.get("publicSubnetIds") or inputs.get("privateSubnetIds")):
        yield "subnetIds", "conflicts with publicSubnetIds and privateSubnetIds"
    for name, key in made_addons(inputs).items():
        if not (inputs.get(name) or {}).get(key):
            yield f"{name}.{key}", "is missing: the component would take the most recent in each preview"


def _access_failures(inputs: Inputs) -> Iterator[tuple[str, str]]:
    entries = inputs.get("accessEntries") or {}
    mode = inputs.get("authenticationMode")
    if mode != "API":
        yield "authenticationMode", "must be API: the component would write the ConfigMap aws-auth"
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        path = f"accessEntries.{name}"
        yield from _unknown(f"{path}.", entry, pulumi_eks.AccessEntryArgs)
        if not entry.get("principalArn"):
            yield f"{path}.principalArn", "is missing"
        for key, policy in (entry.get("accessPolicies") or {}).items():
            if isinstance(policy, pulumi.Output):
                continue
            yield from _unknown(
                f"{path}.accessPolicies.{key}.", policy, pulumi_eks.AccessPolicyAssociationArgs
            )
            for part in ("policyArn", "accessScope"):
                if not policy.get(part):
                    yield f"{path}.accessPolicies.{key}.{part}", "is missing"


def _unknown(path: str, inputs: Inputs, arguments: type) -> Iterator[tuple[str, str]]:
    names = set(_types.input_type_py_to_pulumi_names(arguments).values())
    for name in inputs if isinstance(inputs, Mapping) else ():
        if name not in names:
            yield f"{path}{name}", "is no such property"


class Eks(Provider):
    """The component provider."""

    def __init__(self) -> None:
        super().__init__(version("pulumi-eks"))

    def construct(
        self, name: str, resource_type: str, inputs: Inputs, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        """Make a component."""
        if resource_type != "eks:index:Cluster":
            raise ValueError(f"the EKS double does not build {resource_type}")
        for path, reason in failures(inputs):
            raise pulumi.InputPropertyError(path, reason)
        made = Cluster(name, inputs, options)
        return ConstructResult(made.urn, made.state)


if __name__ == "__main__":
    main(Eks(), sys.argv[1:])
