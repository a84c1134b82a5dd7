"""What the replicas of a model may do on AWS."""

from components.iam import Statement, allow
from stacks.settings.model import AwsAccess


def statements(access: AwsAccess) -> list[Statement]:
    """Return the policy that lets a model read its places in S3, and nothing beside them."""
    return [statement for place in access.read for statement in _read(place)]


def _read(place: str) -> list[Statement]:
    bucket, _, key = place.removeprefix("s3://").partition("/")
    arn = f"arn:aws:s3:::{bucket}"
    if not key:
        return [allow(["s3:GetObject"], [f"{arn}/*"]), allow(["s3:ListBucket"], [arn])]
    folder = key.rstrip("/")
    # Without a slash at its end it may be an object as well as a folder.
    objects = [f"{arn}/{folder}/*"] if key.endswith("/") else [f"{arn}/{folder}", f"{arn}/{folder}/*"]
    below = {"StringLike": {"s3:prefix": [folder, f"{folder}/*"]}}
    return [allow(["s3:GetObject"], objects), allow(["s3:ListBucket"], [arn], below)]
