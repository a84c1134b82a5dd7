"""What EKS refuses."""

import ipaddress
import re
from collections.abc import Iterator

from tests.doubles.wire import Properties, dig, known, texts

_CONFLICTS = {"NONE", "OVERWRITE"}  # PRESERVE is of updates alone
# a node may give itself these labels of Kubernetes' own; a kubelet refuses to start with others
_OWN_LABELS = {
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "beta.kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "kubernetes.io/arch",
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
}
_OWN_PREFIXES = ("kubelet.kubernetes.io", "node.kubernetes.io")


def cluster(properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a cluster."""
    yield from _version("version", properties)
    subnets = dig(properties, "vpcConfig.subnetIds")
    if isinstance(subnets, list) and len(subnets) < 2:
        yield "vpcConfig.subnetIds", "EKS needs subnets in two zones"
    public = dig(properties, "vpcConfig.endpointPublicAccess")
    if public is False and dig(properties, "vpcConfig.endpointPrivateAccess") is not True:
        yield "vpcConfig.endpointPublicAccess", "one of the endpoints must be on"
    cidrs = texts(properties, "vpcConfig.publicAccessCidrs")
    if public is False and cidrs:
        yield "vpcConfig.publicAccessCidrs", "means nothing while endpointPublicAccess is false"
    for cidr in cidrs:
        yield from _public_cidr(cidr)
    key = dig(properties, "encryptionConfig")
    if key and texts(properties, "encryptionConfig.resources") != ["secrets"]:
        yield "encryptionConfig.resources", "must be [secrets]"


def _public_cidr(cidr: str) -> Iterator[tuple[str, str]]:
    try:
        network = ipaddress.ip_network(cidr)
    except ValueError as error:
        yield "vpcConfig.publicAccessCidrs", str(error)
        return
    if network.is_private and network.prefixlen and not _is_documentation(network):
        yield "vpcConfig.publicAccessCidrs", f"{cidr} is a private or reserved network"


def _is_documentation(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """The networks of examples stand for public ones in tests."""
    examples = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
    return isinstance(network, ipaddress.IPv4Network) and any(
        network.subnet_of(ipaddress.IPv4Network(example)) for example in examples
    )


def node_group(properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a node group."""
    yield from _version("version", properties)
    yield from scaling(properties)
    if properties.get("launchTemplate"):
        given = {name for name in ("id", "name") if properties["launchTemplate"].get(name)}
        if len(given) != 1:
            yield "launchTemplate", "needs either an id or a name"
    if len(properties.get("taints") or []) > 50:
        yield "taints", "are more than 50"
    yield from _labels(properties)
    yield from _instance_types(properties)
    limits = properties.get("updateConfig")
    if isinstance(limits, dict) and len({"maxUnavailable", "maxUnavailablePercentage"} & limits.keys()) != 1:
        yield "updateConfig", "needs either maxUnavailable or maxUnavailablePercentage"


def scaling(properties: Properties) -> Iterator[tuple[str, str]]:
    least, most = (dig(properties, f"scalingConfig.{name}") for name in ("minSize", "maxSize"))
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield "scalingConfig.minSize", f"{least} is more than maxSize {most}"


def _labels(properties: Properties) -> Iterator[tuple[str, str]]:
    labels = properties.get("labels")
    for key, value in labels.items() if isinstance(labels, dict) else ():
        domain = key.split("/")[0] if "/" in key else ""
        own = domain.endswith(("kubernetes.io", "k8s.io")) and key not in _OWN_LABELS
        if own and not domain.endswith(_OWN_PREFIXES):
            yield "labels", f"{key}: a node may not give itself labels of kubernetes.io or k8s.io"
        if known(value) and not re.fullmatch(r"([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?", str(value)):
            yield "labels", f"{key}: {value!r} is not a label's value"


def _instance_types(properties: Properties) -> Iterator[tuple[str, str]]:
    types = texts(properties, "instanceTypes")
    if len(types) > 20:
        yield "instanceTypes", f"{len(types)} types are more than 20"
    if len(types) > 1 and properties.get("capacityType") == "CAPACITY_BLOCK":
        yield "instanceTypes", "a capacity block is of one type"


def addon(properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with an add-on: a version that is not pinned is refused, as ours must be."""
    version = properties.get("addonVersion")
    if version is None:
        yield "addonVersion", "is not pinned: AWS would take its default, which changes"
    elif known(version) and not re.fullmatch(r"v\d+\.\d+\.\d+-eksbuild\.\d+", str(version)):
        yield "addonVersion", f"{version!r} is not a version of an add-on (v1.2.3-eksbuild.4)"
    yield from _choice("resolveConflictsOnCreate", properties, _CONFLICTS)


def access_entry(properties: Properties) -> Iterator[tuple[str, str]]:
    yield from _choice(
        "type", properties, {"STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX"}
    )
    principal = properties.get("principalArn")
    if known(principal) and not re.fullmatch(
        r"arn:aws[\w-]*:(iam|sts)::\d{12}:(role|user|root).*", str(principal)
    ):
        yield "principalArn", f"{principal!r} is not the ARN of an IAM role or user"
    for group in texts(properties, "kubernetesGroups"):
        if group.startswith(("system:", "eks:", "aws:", "amazon:", "iam:")):
            yield "kubernetesGroups", f"{group} begins with a reserved word"


def _version(name: str, properties: Properties) -> Iterator[tuple[str, str]]:
    version = properties.get(name)
    if known(version) and not re.fullmatch(r"1\.\d{2}", str(version)):
        yield name, f"{version!r} is not a version of Kubernetes (1.34)"


def _choice(name: str, properties: Properties, words: set[str]) -> Iterator[tuple[str, str]]:
    value = properties.get(name)
    if known(value) and value not in words:
        yield name, f"{value!r} is not one of {', '.join(sorted(words))}"
