"""What types let their names be where AWS' models do not say so, nor moto."""

import re
from collections.abc import Iterator

from tests.doubles.wire import Properties, dig

_NAMES = {
    "aws:lb/loadBalancer:LoadBalancer": (
        "name",
        r"(?!-)[A-Za-z0-9-]{1,32}(?<!-)",
        "at most 32 letters, digits and inner hyphens",
    ),
    "aws:s3/bucket:Bucket": (
        "bucket",
        r"(?!xn--|sthree-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)",
        "3 to 63 lower-case letters, digits, inner hyphens and dots",
    ),
    "aws:eks/nodeGroup:NodeGroup": (
        "nodeGroupName",
        r"[0-9A-Za-z][A-Za-z0-9_-]{0,62}",
        "at most 63 letters, digits, hyphens and underscores",
    ),
    "aws:ec2/securityGroup:SecurityGroup": (
        "name",
        r"(?!sg-)[\w .:/()#,@\[\]+=&;{}!$*-]{1,255}",
        "at most 255 characters, and does not begin with sg-",
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": (
        "name",
        r"[\w().\-/]{3,128}",
        "3 to 128 letters, digits and ().-/_",
    ),
    "aws:kms/alias:Alias": (
        "name",
        r"alias/(?!aws/)[\w/-]{1,250}",
        "alias/ and letters, digits and /_-",
    ),
}
# what 26 digits still fit behind, or what the type says of itself
_PREFIXES = {
    "aws:eks/nodeGroup:NodeGroup": ("nodeGroupNamePrefix", 37),
    "aws:iam/role:Role": ("namePrefix", 38),
    "aws:s3/bucket:Bucket": ("bucketPrefix", 37),
    "aws:lb/loadBalancer:LoadBalancer": ("namePrefix", 6),
    "aws:lb/targetGroup:TargetGroup": ("namePrefix", 6),
    "aws:ec2/launchTemplate:LaunchTemplate": ("namePrefix", 99),
}


def name_failures(token: str, properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the resource's name."""
    if token in _NAMES:
        prop, pattern, words = _NAMES[token]
        name = dig(properties, prop)
        if isinstance(name, str) and not re.fullmatch(pattern, name, re.ASCII):
            yield prop, f"{name!r} is not {words}"
    if token in _PREFIXES:
        prop, most = _PREFIXES[token]
        prefix = dig(properties, prop)
        if isinstance(prefix, str) and len(prefix) > most:
            yield prop, f"{prefix!r} is longer than {most} characters"
        both = {"nodeGroupNamePrefix": "nodeGroupName", "bucketPrefix": "bucket"}.get(prop, "name")
        if prefix and dig(properties, both):
            yield prop, f"conflicts with {both}"
