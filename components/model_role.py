"""AWS permissions of a model's replicas."""

from collections import defaultdict

import pulumi

from components.iam import PodRole, Statement, allow
from components.kubernetes_cluster import OnAws
from components.platform import Platform
from stacks.settings.aws.access import AwsAccess


def model_role(
    name: str, access: AwsAccess, platform: Platform, on_aws: OnAws, opts: pulumi.ResourceOptions
) -> PodRole:
    """Create the role of a model's service account with the permissions of the model's settings."""
    return PodRole(
        name,
        on_aws.settings.name,
        full_name=f"{on_aws.settings.name}-model-{name}",
        namespace=platform.namespace_name,
        service_account=name,
        boundary=on_aws.settings.permissions_boundary,
        policy_arns={_policy_name(arn): arn for arn in access.policy_arns},
        statements=statements(access),
        association=on_aws.cluster_name,
        opts=opts,
    )


def _policy_name(arn: str) -> str:
    """Return the name of a policy's attachment; includes the owner, since an AWS-managed policy and the
    account's may share a name.
    """
    account, name = arn.split(":")[4], arn.rsplit("/", 1)[-1]
    return f"{account}-{name}"


def statements(access: AwsAccess) -> list[Statement]:
    """Return the policy that allows a model to read its S3 prefixes, and nothing else."""
    if not access.read:
        return []
    objects = [arn for place in access.read for arn in _objects(place)]
    prefixes: defaultdict[str, list[str]] = defaultdict(list)
    for place in access.read:
        bucket, key = _split(place)
        prefixes[bucket].append(key.rstrip("/"))
    return [allow(["s3:GetObject"], objects), *(_list(bucket, found) for bucket, found in prefixes.items())]


def _list(bucket: str, folders: list[str]) -> Statement:
    """Return the statement that allows listing of some folders, or of the whole bucket if it is one of
    them.
    """
    below = {"StringLike": {"s3:prefix": [f"{folder}/*" for folder in folders]}}
    return allow(["s3:ListBucket"], [f"arn:aws:s3:::{bucket}"], below if all(folders) else None)


def _split(place: str) -> tuple[str, str]:
    bucket, _, key = place.removeprefix("s3://").partition("/")
    return bucket, key


def _objects(place: str) -> list[str]:
    bucket, key = _split(place)
    arn = f"arn:aws:s3:::{bucket}"
    if not key or key.endswith("/"):
        return [f"{arn}/{key}*"]
    # Without a trailing slash the key may be an object as well as a folder.
    return [f"{arn}/{key}", f"{arn}/{key}/*"]
