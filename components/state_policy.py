"""Permissions of a workflow's role on Pulumi's state: only that of its own environment."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.iam import Statement, allow

# Keys of the state and the locks of a stack of the project `axon` (Pulumi.yaml):
# https://github.com/pulumi/pulumi/blob/v3.272.0/pkg/backend/diy/store.go and lock.go.
_OF_STACK = (
    ".pulumi/stacks/axon/{}.*",
    ".pulumi/history/axon/{}/*",
    ".pulumi/backups/axon/{}/*",
    ".pulumi/journal/axon/{}/*",
)
_LOCKS = ".pulumi/locks/organization/axon/{}/*"
# Version of the bucket's layout, which Pulumi reads first.
_LAYOUT = ".pulumi/meta.yaml"


@dataclass(frozen=True)
class StateKeys:
    """ARNs of the bucket and keys of the state."""

    bucket: str
    of_bucket: str
    """ARN of the key that encrypts the bucket's objects."""

    of_secrets: str
    """ARN of the key of the secrets in the environment's states."""

    region: str


def state_access(keys: StateKeys, *, read: Sequence[str], written: Sequence[str]) -> list[Statement]:
    """Return the permissions for the state: `read` are stacks with read access, `written` with write access.

    Both need lock permissions: a lock is the only object that a preview writes.
    """
    bucket = keys.bucket
    read_too = [*read, *written]
    of_read = [f"{bucket}/{form.format(stack)}" for stack in read_too for form in _OF_STACK]
    of_written = [f"{bucket}/{form.format(stack)}" for stack in written for form in _OF_STACK]
    locks = [f"{bucket}/{_LOCKS.format(stack)}" for stack in read_too]
    by_s3 = {"StringEquals": {"kms:ViaService": f"s3.{keys.region}.amazonaws.com"}}
    return [
        # Names only: Pulumi lists all states before it reads its own.
        allow(["s3:ListBucket"], [bucket]),
        allow(["s3:GetObject"], [f"{bucket}/{_LAYOUT}", *of_read, *locks]),
        allow(["s3:PutObject", "s3:DeleteObject"], [*of_written, *locks]),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], [keys.of_bucket], by_s3),
        allow(["kms:Decrypt", *(["kms:Encrypt"] if written else [])], [keys.of_secrets]),
    ]
