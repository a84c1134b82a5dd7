"""Newer releases of node images and EKS add-ons."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, get_args

from axon.aws_cli import AwsError, ask_aws
from axon.errors import UserError
from axon.state import resources
from stacks.settings.aws.ami_types import ami_type
from stacks.settings.aws.eks import EksCluster
from stacks.settings.aws.versions import AddonName, AmiType

NODES = "aws:eks/nodeGroup:NodeGroup"


class PatchError(UserError):
    """AWS cannot be queried, or the stack file cannot be changed. The text has the fix."""


@dataclass(frozen=True)
class Patch:
    """One node image or add-on: the running or pinned release, and the newest."""

    key: str
    """The key of its pin in the stack file: `node_releases` or `addons`."""

    name: str
    now: str | None
    newest: str

    @property
    def is_due(self) -> bool:
        """True if there is a newer release."""
        return self.now != self.newest


def patches_of(cluster: EksCluster, running: Mapping[str, str] | None = None) -> list[Patch]:
    """Return every node image and add-on of a cluster with its newest release.

    `running` has the releases of the nodes by AMI type; default: the pinned ones.

    Raises:
        PatchError: when a call of AWS fails.
    """
    kinds: list[AmiType] = sorted({ami_type(group) for group in cluster.node_groups.values()})
    known = {kind: cluster.node_release(kind) for kind in kinds} if running is None else running
    images = [Patch("node_releases", kind, known.get(kind), _newest_image(cluster, kind)) for kind in kinds]
    return [*images, *(_addon(cluster, name) for name in get_args(AddonName))]


def running(state: Mapping[str, Any]) -> dict[str, str]:
    """Return the oldest release of the nodes in a state, by AMI type."""
    releases: dict[str, str] = {}
    for resource in resources(state):
        outputs = resource.get("outputs") or {}
        if resource.get("type") == NODES and outputs.get("amiType") and outputs.get("releaseVersion"):
            kind, release = str(outputs["amiType"]), str(outputs["releaseVersion"])
            releases[kind] = min(releases.get(kind, release), release, key=_order)
    return releases


def age_days(release: str, today: date | None = None) -> int | None:
    """Return the age of an Amazon Linux release in days; None for Bottlerocket: its releases have no date."""
    match = re.fullmatch(r".*-(20\d{6})", release)
    if match is None:
        return None
    released = datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC).date()
    return ((today or datetime.now(UTC).date()) - released).days


def parameter_of(kind: AmiType, version: str) -> str:
    """Return the public SSM parameter with the newest release of a node image.

    Sources: https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html and
    https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id-bottlerocket.html
    """
    machine = "arm64" if "ARM_64" in kind else "x86_64"
    if kind.startswith("BOTTLEROCKET"):
        variant = "-nvidia" if kind.endswith("NVIDIA") else ""
        return f"/aws/service/bottlerocket/aws-k8s-{version}{variant}/{machine}/latest/image_version"
    variant = kind.rsplit("_", 1)[1].lower()
    folder = f"/aws/service/eks/optimized-ami/{version}/amazon-linux-2023"
    return f"{folder}/{machine}/{variant}/recommended/release_version"


def _newest_image(cluster: EksCluster, kind: AmiType) -> str:
    name = parameter_of(kind, cluster.version)
    return str(_aws(cluster, "ssm", "get-parameter", "--name", name)["Parameter"]["Value"])


def _addon(cluster: EksCluster, name: AddonName) -> Patch:
    """Return an add-on's newest patch release. A newer minor version is a decision of the user."""
    now = cluster.addon_version(name)
    words = ("--addon-name", name, "--kubernetes-version", cluster.version)
    answer = _aws(cluster, "eks", "describe-addon-versions", *words)
    versions = {one["addonVersion"] for addon in answer["addons"] for one in addon["addonVersions"]}
    alike = [version for version in versions if _order(version)[:2] == _order(now)[:2]]
    return Patch("addons", name, now, max([now, *alike], key=_order))


def _order(version: str) -> tuple[int, ...]:
    """Return the sort key of versions such as v1.22.4-eksbuild.3 and 1.36.1-20261101."""
    core, _, build = version.partition("-")
    last = re.findall(r"\d+", build) if "." in build or build.isdigit() else []
    return tuple(int(number) for number in [*re.findall(r"\d+", core), *last])


def _aws(cluster: EksCluster, *words: str) -> Any:
    try:
        return ask_aws(cluster.region, *words)
    except AwsError as error:
        raise PatchError(str(error)) from None


def patches_text(stack: str, patches: list[Patch]) -> str:
    """Return the table of current and newest releases, as Markdown."""
    due = [patch for patch in patches if patch.is_due]
    head = (
        f"{len(due)} newer release{'s' * (len(due) != 1)}" if due else "all nodes and add-ons are up to date"
    )
    lines = [f"<!-- axon:patches:{stack} -->", f"### `{stack}`: {head}", ""]
    if due:
        lines += [
            f"`make patch STACK={stack}` pins them in the stack file and shows what changes.",
            "",
        ]
    return "\n".join(
        [*lines, "| | current | age (days) | newest |", "|---|---|---|---|", *_rows(patches), ""]
    )


def _rows(patches: list[Patch]) -> Iterator[str]:
    for patch in patches:
        age = age_days(patch.now) if patch.now else None
        old = "" if age is None else str(age)
        newest = f"**{patch.newest}**" if patch.is_due else patch.newest
        yield f"| {patch.name} | {patch.now or 'not pinned'} | {old} | {newest} |"
