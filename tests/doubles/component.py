"""The children of the EKS component, as the real one names and connects them."""

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi_kubernetes.provider import Provider as Kubernetes

from tests.doubles import cni

Inputs = Mapping[str, Any]


def made_addons(inputs: Inputs) -> dict[str, str]:
    """Return the options of the add-ons that the component makes, and where their version stands."""
    proxy, dns = (inputs.get(name) or {} for name in ("kubeProxyAddonOptions", "corednsAddonOptions"))
    versions = {
        "kubeProxyAddonOptions": "version" if proxy.get("enabled") is not False else "",
        "vpcCniOptions": "" if inputs.get("useDefaultVpcCni") is True else "addonVersion",
        # without nodes of the component's own, CoreDNS is made on demand only
        "corednsAddonOptions": "version" if dns.get("enabled") or dns.get("configurationValues") else "",
    }
    return {name: key for name, key in versions.items() if key}


class ServiceRole(pulumi.ComponentResource):
    """A role for a service, with policies of AWS' own."""

    def __init__(
        self, name: str, service: str, policies: list[str], tags: Any, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("eks:index:ServiceRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        statement: dict[str, Any] = {"Action": ["sts:AssumeRole", "sts:TagSession"], "Effect": "Allow"}
        statement["Principal"] = {"Service": [service]}
        self.role = aws.iam.Role(
            f"{name}-role",
            description="Allows EKS to manage clusters on your behalf.",
            assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            tags=tags,
            opts=child,
        )
        self.attachments = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{hashlib.sha1(policy.encode()).hexdigest()[:8]}",
                policy_arn=policy,
                role=self.role.name,
                opts=child,
            )
            for policy in policies
        ]
        self.register_outputs({"role": self.role})


class Cluster(pulumi.ComponentResource):
    """The component and its children, as the real one names them."""

    def __init__(self, name: str, inputs: Inputs, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__("eks:index:Cluster", name, {}, opts)
        self.title, self.inputs = name, inputs
        self.child = pulumi.ResourceOptions(parent=self)
        aws.get_partition_output(opts=pulumi.InvokeOutputOptions(parent=self))  # the real one asks it, too
        policy = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
        tags = inputs.get("tags")
        self.role = ServiceRole(f"{name}-eksRole", "eks.amazonaws.com", [policy], tags, self.child)
        self.cluster = self._cluster()
        self.entries = self._access()
        self._addons()
        self.kubeconfig = self.cluster.endpoint.apply(kubeconfig)
        self.kubernetes = Kubernetes(f"{name}-eks-k8s", kubeconfig=self.kubeconfig, opts=self.child)
        self.state = self._outputs()
        self.register_outputs(self.state)  # a Cluster that is passed on is made of these

    def _cluster(self) -> aws.eks.Cluster:
        given, key = self.inputs, self.inputs.get("encryptionConfigKeyArn")
        addons = given.get("bootstrapSelfManagedAddons")
        ignored = ["accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"]
        return aws.eks.Cluster(
            f"{self.title}-eksCluster",
            name=given.get("name"),
            role_arn=self.role.role.arn,
            version=given.get("version"),
            vpc_config={
                "subnet_ids": self._subnets(),
                "endpoint_private_access": given.get("endpointPrivateAccess"),
                "endpoint_public_access": given.get("endpointPublicAccess"),
                "public_access_cidrs": given.get("publicAccessCidrs"),
            },
            access_config={
                "authentication_mode": given["authenticationMode"],
                "bootstrap_cluster_creator_admin_permissions": True,
            },
            encryption_config={"provider": {"key_arn": key}, "resources": ["secrets"]} if key else None,
            kubernetes_network_config=self._network(),
            enabled_cluster_log_types=given.get("enabledClusterLogTypes"),
            upgrade_policy=given.get("upgradePolicy"),
            deletion_protection=given.get("deletionProtection"),
            bootstrap_self_managed_addons=True if addons is None else addons,
            tags=pulumi.Output.all(given.get("tags"), given.get("clusterTags")).apply(self._tags),
            opts=pulumi.ResourceOptions(
                parent=self, ignore_changes=ignored, depends_on=[self.role.role, *self.role.attachments]
            ),
        )

    def _subnets(self) -> Any:
        if self.inputs.get("subnetIds"):
            return self.inputs["subnetIds"]
        both = [self.inputs.get(name) or [] for name in ("publicSubnetIds", "privateSubnetIds")]
        return pulumi.Output.all(*both).apply(lambda ids: [*ids[0], *ids[1]])

    def _network(self) -> Any:
        cidr, family = (self.inputs.get(name) for name in ("kubernetesServiceIpAddressRange", "ipFamily"))
        return {"service_ipv4_cidr": cidr, "ip_family": family or "ipv4"} if cidr or family else None

    def _tags(self, both: list[Any]) -> dict[str, str]:
        return {"Name": f"{self.title}-eksCluster", **(both[1] or {}), **(both[0] or {})}

    def _access(self) -> list[aws.eks.AccessEntry]:
        made: list[aws.eks.AccessEntry] = []
        for name, entry in (self.inputs.get("accessEntries") or {}).items():
            access = aws.eks.AccessEntry(
                f"{self.title}-{name}",
                cluster_name=self.cluster.name,
                principal_arn=entry["principalArn"],
                kubernetes_groups=entry.get("kubernetesGroups"),
                type=entry.get("type"),
                user_name=entry.get("username"),
                tags=entry.get("tags"),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[self.cluster]),
            )
            made.append(access)
            for key, policy in (entry.get("accessPolicies") or {}).items():
                aws.eks.AccessPolicyAssociation(
                    f"{self.title}-{name}-{key}",
                    cluster_name=self.cluster.name,
                    principal_arn=entry["principalArn"],
                    policy_arn=policy["policyArn"],
                    access_scope=policy["accessScope"],
                    opts=pulumi.ResourceOptions(parent=access, depends_on=[access]),
                )
        return made

    def _addons(self) -> None:
        made = made_addons(self.inputs)
        for name, addon in (("kubeProxyAddonOptions", "kube-proxy"), ("corednsAddonOptions", "coredns")):
            if name in made:
                options = self.inputs[name]
                values = cni.text(options.get("configurationValues"))
                self._addon(addon, options["version"], options, values, self.child)
        if "vpcCniOptions" in made:
            options = self.inputs["vpcCniOptions"]
            after = pulumi.ResourceOptions(parent=self, depends_on=self.entries)
            component = pulumi.ComponentResource("eks:index:VpcCniAddon", f"{self.title}-vpc-cni", {}, after)
            inside = pulumi.ResourceOptions(parent=component)
            self._addon("vpc-cni", options["addonVersion"], options, cni.values(options), inside)
            component.register_outputs({})

    def _addon(
        self, name: str, version: Any, options: Inputs, values: Any, opts: pulumi.ResourceOptions
    ) -> None:
        aws.eks.Addon(
            f"{self.title}-{name}",
            cluster_name=self.cluster.name,
            addon_name=name,
            addon_version=version,
            preserve=True,
            resolve_conflicts_on_create=options.get("resolveConflictsOnCreate") or "OVERWRITE",
            resolve_conflicts_on_update=options.get("resolveConflictsOnUpdate") or "OVERWRITE",
            service_account_role_arn=options.get("serviceAccountRoleArn"),
            configuration_values=values,
            tags=self.inputs.get("tags"),
            opts=opts,
        )

    def _outputs(self) -> dict[str, Any]:
        group = self.cluster.vpc_config.apply(lambda network: network.cluster_security_group_id)
        issuer = self.cluster.identities.apply(_issuer)
        empty = (
            "clusterIngressRuleId",
            "defaultNodeGroupAsgName",
            "fargateProfileId",
            "fargateProfileStatus",
        )
        core = {
            "cluster": self.cluster,
            "clusterIamRole": self.role.role,
            "endpoint": self.cluster.endpoint,
            "instanceRoles": [],
            "kubeconfig": self.kubeconfig,
            "nodeGroupOptions": {},
            "provider": self.kubernetes,
            "subnetIds": self._subnets(),
            "vpcId": self.inputs["vpcId"],
        }
        return {
            **dict.fromkeys((*empty, "oidcProviderArn", "autoModeNodeRoleName"), ""),
            "core": core,
            "eksCluster": self.cluster,
            "instanceRoles": [],
            "kubeconfig": self.kubeconfig,
            "kubeconfigJson": self.kubeconfig,
            "clusterSecurityGroupId": group,
            "nodeSecurityGroupId": group,
            "oidcProviderUrl": issuer,
            "oidcIssuer": issuer.apply(lambda url: url.removeprefix("https://")),
        }


def kubeconfig(endpoint: str) -> str:
    """Return the path of a real cluster's kubeconfig (no credential is in the state), or a made-up one."""
    if os.environ.get("AXON_DOUBLE_KUBECONFIG"):
        return os.environ["AXON_DOUBLE_KUBECONFIG"]
    parts = {
        "clusters": [{"name": "kubernetes", "cluster": {"server": endpoint}}],
        "contexts": [{"name": "aws", "context": {"cluster": "kubernetes", "user": "aws"}}],
        "users": [{"name": "aws", "user": {"exec": {"command": "aws", "apiVersion": _EXEC}}}],
    }
    return json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "aws", **parts})


def _issuer(identities: Any) -> str:
    return identities[0].oidcs[0].issuer


_EXEC = "client.authentication.k8s.io/v1beta1"
