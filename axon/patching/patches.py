"""Newer releases of the parts that AWS patches: the images of nodes, and EKS add-ons."""

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
    """Error if AWS does not list the releases, or the stack file cannot be changed; it says what to do."""


@dataclass(frozen=True)
class Patch:
    """One image or add-on: the release that runs or is pinned, and the newest one."""

    key: str
    """Key of the pins in the stack file: `node_releases` or `addons`."""

    name: str
    now: str | None
    newest: str

    @property
    def is_due(self) -> bool:
        """True if a newer release exists."""
        return self.now != self.newest


def patches_of(cluster: EksCluster, running: Mapping[str, str] | None = None) -> list[Patch]:
    """Return every node image and add-on of a cluster, with the newest release on AWS.

    `running` has the releases of nodes by the kind of their image, if known; otherwise the pinned ones are
    used.

    Raises:
        PatchError: if AWS does not respond.
    """
    kinds: list[AmiType] = sorted({ami_type(group) for group in cluster.node_groups.values()})
    known = {kind: cluster.node_release(kind) for kind in kinds} if running is None else running
    images = [Patch("node_releases", kind, known.get(kind), _newest_image(cluster, kind)) for kind in kinds]
    return [*images, *(_addon(cluster, name) for name in get_args(AddonName))]


def running(state: Mapping[str, Any]) -> dict[str, str]:
    """Return the oldest release that nodes run, by the kind of their image, according to a state."""
    found: dict[str, str] = {}
    for resource in resources(state):
        outputs = resource.get("outputs") or {}
        if resource.get("type") == NODES and outputs.get("amiType") and outputs.get("releaseVersion"):
            kind, release = str(outputs["amiType"]), str(outputs["releaseVersion"])
            found[kind] = min(found.get(kind, release), release, key=_order)
    return found


def age_days(release: str, today: date | None = None) -> int | None:
    """Return the days since an image of Amazon Linux was released; Bottlerocket's name has no date."""
    found = re.fullmatch(r".*-(20\d{6})", release)
    if found is None:
        return None
    released = datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC).date()
    return ((today or datetime.now(UTC).date()) - released).days


def parameter_of(kind: AmiType, version: str) -> str:
    """Return the public parameter of SSM with the newest release of a node image.

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
    """Return the newest patch of an add-on. A newer minor version is the user's decision."""
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
    """Return the table of running and newest releases, as Markdown."""
    due = [patch for patch in patches if patch.is_due]
    head = f"{len(due)} newer release{'s' * (len(due) != 1)}" if due else "every node and add-on is patched"
    lines = [f"<!-- axon:patches:{stack} -->", f"### `{stack}`: {head}", ""]
    if due:
        lines += [
            f"`make patch STACK={stack}` writes them into the stack file and shows what they change.",
            "",
        ]
    return "\n".join([*lines, "| | now | days old | newest |", "|---|---|---|---|", *_rows(patches), ""])


def _rows(patches: list[Patch]) -> Iterator[str]:
    for patch in patches:
        age = age_days(patch.now) if patch.now else None
        old = "" if age is None else str(age)
        newest = f"**{patch.newest}**" if patch.is_due else patch.newest
        yield f"| {patch.name} | {patch.now or 'not pinned'} | {old} | {newest} |"
