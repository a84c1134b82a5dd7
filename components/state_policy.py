"""What a role for workflows may do with the engine's state: that of its own environment, and no other."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.iam import Statement, allow

# Where the engine keeps what is of one stack of the project `axon` (Pulumi.yaml), and its locks:
# https://github.com/pulumi/pulumi/blob/v3.272.0/pkg/backend/diy/store.go and lock.go beside it.
_OF_STACK = (
    ".pulumi/stacks/axon/{}.*",
    ".pulumi/history/axon/{}/*",
    ".pulumi/backups/axon/{}/*",
    ".pulumi/journal/axon/{}/*",
)
_LOCKS = ".pulumi/locks/organization/axon/{}/*"
# Which layout the bucket has: the engine reads it first.
_LAYOUT = ".pulumi/meta.yaml"


@dataclass(frozen=True)
class StateKeys:
    """The ARNs of what holds the state that a role may use."""

    bucket: str
    of_bucket: str
    """The key that encrypts the bucket's objects."""

    of_secrets: str
    """The key of the secrets in the environment's states."""

    region: str


def state_access(keys: StateKeys, *, read: Sequence[str], written: Sequence[str]) -> list[Statement]:
    """Return what the engine does with its state: `read` are stacks that are only read, `written` others.

    Both are locked: a lock is the one thing that a preview writes.
    """
    bucket = keys.bucket
    read_too = [*read, *written]
    of_read = [f"{bucket}/{form.format(stack)}" for stack in read_too for form in _OF_STACK]
    of_written = [f"{bucket}/{form.format(stack)}" for stack in written for form in _OF_STACK]
    locks = [f"{bucket}/{_LOCKS.format(stack)}" for stack in read_too]
    by_s3 = {"StringEquals": {"kms:ViaService": f"s3.{keys.region}.amazonaws.com"}}
    return [
        # Names alone: the engine lists all of them before it reads its own.
        allow(["s3:ListBucket"], [bucket]),
        allow(["s3:GetObject"], [f"{bucket}/{_LAYOUT}", *of_read, *locks]),
        allow(["s3:PutObject", "s3:DeleteObject"], [*of_written, *locks]),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], [keys.of_bucket], by_s3),
        allow(["kms:Decrypt", *(["kms:Encrypt"] if written else [])], [keys.of_secrets]),
    ]
