"""What the replicas of a model may do on AWS."""

from collections import defaultdict

from components.iam import Statement, allow
from stacks.settings.model import AwsAccess


def statements(access: AwsAccess) -> list[Statement]:
    """Return the policy that lets a model read its places in S3, and nothing beside them."""
    if not access.read:
        return []
    objects = [arn for place in access.read for arn in _objects(place)]
    below: defaultdict[str, list[str]] = defaultdict(list)
    for place in access.read:
        bucket, key = _split(place)
        below[bucket].append(f"{key.rstrip('/')}/*" if key else "*")
    listing = [
        allow(["s3:ListBucket"], [f"arn:aws:s3:::{bucket}"], {"StringLike": {"s3:prefix": prefixes}})
        for bucket, prefixes in below.items()
    ]
    return [allow(["s3:GetObject"], objects), *listing]


def _split(place: str) -> tuple[str, str]:
    bucket, _, key = place.removeprefix("s3://").partition("/")
    return bucket, key


def _objects(place: str) -> list[str]:
    bucket, key = _split(place)
    arn = f"arn:aws:s3:::{bucket}"
    if not key or key.endswith("/"):
        return [f"{arn}/{key}*"]
    # Without a slash at its end it may be an object as well as a folder.
    return [f"{arn}/{key}", f"{arn}/{key}/*"]
