"""Units of AWS in a stack file: accounts, regions, zones, networks, ARNs."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.settings.aws.catalogue import check_region, managed_policies, zones_without_eks
from stacks.settings.errors import nearest

_REGION = re.compile(r"[a-z]{2}-[a-z]+-[0-9]")


def _account(text: str) -> str:
    if re.fullmatch(r"[0-9]{12}", text):
        return text
    raise ValueError(f'"{text}" is not an AWS account id: twelve digits, in quotes')


def _region(text: str) -> str:
    if text.startswith(("cn-", "us-gov-", "us-iso", "eu-isoe")):
        raise ValueError(f'"{text}" is in a partition of AWS that axon does not serve, whose names differ')
    if _REGION.fullmatch(text):
        check_region(text)
        return text
    zone = re.fullmatch(rf"({_REGION.pattern})[a-z]", text)
    hint = f"(try {zone[1]})" if zone else "(such as eu-west-1)"
    raise ValueError(f'"{text}" is not an AWS region {hint}')


def _zone(text: str) -> str:
    if not re.fullmatch(rf"{_REGION.pattern}[a-z]", text):
        raise ValueError(f'"{text}" is not an availability zone (such as eu-west-1a)')
    check_region(text[:-1])
    if text in zones_without_eks():
        raise ValueError(f'"{text}" has no EKS: name another zone of {text[:-1]}')
    return text


def _cidr(text: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f'"{text}" is not a network such as 10.0.0.0/16') from None
    if network.version != 4:
        raise ValueError(f'"{text}" is not an IPv4 network')
    if "/" not in text:
        raise ValueError(f'"{text}" has no length (such as {text}/24)')
    if str(network) != text:
        raise ValueError(f'"{text}" is not the first address of its network (try {network})')
    return text


def _arn(text: str) -> str:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    if re.fullmatch(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}|aws)?:[!-~]+", text):
        return text
    raise ValueError(f'"{text}" is not an ARN (arn:aws:service:region:account:resource)')


def _policy_arn(text: str) -> str:
    path = _arn(text).removeprefix("arn:aws:iam::aws:policy/")
    if path == text or path in managed_policies().values():
        return text
    name = path.rsplit("/", 1)[-1]
    near = name if name in managed_policies() else nearest(name, managed_policies())
    hint = f" (try arn:aws:iam::aws:policy/{managed_policies()[near]})" if near else ""
    raise ValueError(f'"{text}" is not among AWS\' own policies in managed_policies.txt{hint}')


def _iam_arn(text: str) -> str:
    if _arn(text).startswith("arn:aws:iam:"):
        return text
    raise ValueError(f'"{text}" is not the ARN of an IAM role or user')


def _addon_version(text: str) -> str:
    if re.fullmatch(r"v[0-9]+\.[0-9]+\.[0-9]+-eksbuild\.[0-9]+", text):
        return text
    raise ValueError(f'"{text}" is not the version of an EKS add-on (such as v1.22.4-eksbuild.3)')


def _node_release(text: str) -> str:
    # Amazon Linux's ends with a day, Bottlerocket's with a commit:
    # https://docs.aws.amazon.com/eks/latest/userguide/eks-linux-ami-versions.html
    if re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+-([0-9]{8}|[0-9a-f]{8})", text):
        return text
    raise ValueError(f'"{text}" is not the release of a node image (such as 1.36.1-20261101)')


def _tag_key(text: str) -> str:
    # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    if text.lower().startswith(("aws:", "axon:")):
        raise ValueError(f'"{text}": tags that begin so are set by {text.split(":")[0].lower()}')
    if re.fullmatch(r"[\w .:/=+@-]{1,128}", text):
        return text
    raise ValueError(f'"{text}" cannot be the key of a tag')


def _tag_value(text: str) -> str:
    if re.fullmatch(r"[\w .:/=+@-]{0,256}", text):
        return text
    raise ValueError(f'"{text}" cannot be the value of a tag')


def no_duplicates(values: list[str]) -> list[str]:
    """Reject a list with a duplicate: each entry becomes a resource of that name."""
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f'"{value}" stands twice')
    return values


def not_everybody(networks: list[str]) -> list[str]:
    """Reject the whole internet in a list of networks, for which there is a separate key, `anywhere`."""
    if "0.0.0.0/0" in networks:
        raise ValueError("0.0.0.0/0 is the whole internet: say `anywhere: true` if that is meant")
    return networks


def _cluster_name(text: str) -> str:
    # Roles carry the name, and a role's name has at most 64 characters:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    if re.fullmatch(r"[a-z][a-z0-9-]{0,18}[a-z0-9]", text):
        return text
    near = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-0123456789")[:20].strip("-")
    hint = f" (try {near})" if len(near) > 1 else ""
    raise ValueError(
        f'"{text}" cannot be a cluster\'s name: 2 to 20 lower-case letters, digits, hyphens{hint}'
    )


def _s3_path(text: str) -> str:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    if re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^*?]*)?", text):
        return text
    raise ValueError(f'"{text}" is not a place in S3 (such as s3://bucket/models/iris/)')


def _resource_id(kind: str) -> AfterValidator:
    def check(text: str) -> str:
        if re.fullmatch(rf"{kind}-[0-9a-f]{{8,17}}", text):
            return text
        raise ValueError(f'"{text}" is not the id of a {kind} (such as {kind}-0123456789abcdef0)')

    return AfterValidator(check)


AccountId = Annotated[str, AfterValidator(_account)]
Region = Annotated[str, AfterValidator(_region)]
Zone = Annotated[str, AfterValidator(_zone)]
Cidr = Annotated[str, AfterValidator(_cidr), Field(title="network")]
Arn = Annotated[str, AfterValidator(_arn), Field(title="ARN")]
PolicyArn = Annotated[str, AfterValidator(_policy_arn), Field(title="ARN")]
IamArn = Annotated[str, AfterValidator(_iam_arn), Field(title="ARN")]
NodeRelease = Annotated[str, AfterValidator(_node_release)]
AddonVersion = Annotated[str, AfterValidator(_addon_version)]
TagKey = Annotated[str, AfterValidator(_tag_key)]
TagValue = Annotated[str, AfterValidator(_tag_value)]
ClusterName = Annotated[str, AfterValidator(_cluster_name)]
S3Path = Annotated[str, AfterValidator(_s3_path)]
VpcId = Annotated[str, _resource_id("vpc")]
SubnetId = Annotated[str, _resource_id("subnet")]
