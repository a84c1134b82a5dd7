"""Log group of a control plane, which EKS recreates after it was deleted."""

import asyncio
import subprocess
from collections.abc import Sequence

import pulumi

from stacks.settings.aws.eks import EksCluster

_TRIES = 3


def log_group_name(settings: EksCluster) -> str:
    """Return EKS' name of the group:
    https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
    """
    return f"/aws/eks/{settings.name}/cluster"


def without_leftover(settings: EksCluster) -> pulumi.ResourceHookBinding:
    """Return a binding that removes the log group of an earlier cluster, then retries the creation.

    A control plane writes its last lines after its deletion, and EKS recreates the group that the destroy had
    just removed. A group counts as such a leftover only if no cluster has its name and the group has no
    retention, as created by EKS. Any other group of that name stays, and AWS' error is shown.
    """

    async def again(args: pulumi.ErrorHookArgs) -> bool:
        return await asyncio.to_thread(removed, settings, args.errors)

    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("without-leftover-log-group", again)])


def removed(settings: EksCluster, errors: Sequence[str]) -> bool:
    """Remove a leftover group if the latest of `errors` reports one; return whether a group was removed."""
    if not errors or "ResourceAlreadyExists" not in errors[0] or len(errors) > _TRIES:
        return False
    group, region = log_group_name(settings), settings.region
    cluster = _aws("eks", "describe-cluster", "--name", settings.name, region=region)
    if "ResourceNotFoundException" not in cluster.stderr:
        return False
    query = f"logGroups[?logGroupName=='{group}'].retentionInDays"
    words = ("--log-group-name-prefix", group, "--query", query, "--output", "text")
    kept = _aws("logs", "describe-log-groups", *words, region=region)
    if kept.returncode or kept.stdout.strip() not in ("", "None"):
        return False
    return _aws("logs", "delete-log-group", "--log-group-name", group, region=region).returncode == 0


def _aws(*words: str, region: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["aws", *words, "--region", region], capture_output=True, text=True, check=False, timeout=60
    )
