"""Newer images of nodes and newer add-ons: found, said, and pinned in the stack file."""

from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from botocore.session import get_session

from axon.patching import command as commands
from axon.patching import patches
from axon.patching.patch_file import patched
from axon.patching.patches import Patch, PatchError, age_days, parameter_of, patches_of, patches_text
from axon.report.report import Exit
from stacks.settings import load_file
from stacks.settings.aws.versions import ADDONS, AmiType
from tests.unit.aws_stack_file import GOOD
from tests.unit.on_aws import cluster
from tests.unit.program import exit_code
from tests.unit.stand_ins import command

STANDARD, GPU = "AL2023_x86_64_STANDARD", "AL2023_x86_64_NVIDIA"
CNI = ADDONS["1.36"]["vpc-cni"]
assert CNI == "v1.22.4-eksbuild.3"


class Aws:
    """What AWS answers: the newest image, and the versions of every add-on."""

    def __init__(self, release: str, addons: dict[str, list[str]] | None = None) -> None:
        self.release, self.addons = release, addons or {}

    def __call__(self, _: Any, service: str, verb: str, *words: str) -> Any:
        if (service, verb) == ("ssm", "get-parameter"):
            return {"Parameter": {"Value": self.release}}
        name = words[words.index("--addon-name") + 1]
        versions = self.addons.get(name, [ADDONS["1.36"][name]])  # pyright: ignore[reportArgumentType]
        return {"addons": [{"addonVersions": [{"addonVersion": version} for version in versions]}]}


def due(found: list[Patch]) -> dict[str, str]:
    return {patch.name: patch.newest for patch in found if patch.is_due}


def test_a_newer_image_and_a_newer_patch_of_an_addon_are_due(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = ["v1.22.4-eksbuild.3", "v1.22.10-eksbuild.1", "v1.22.9-eksbuild.12", "v1.23.0-eksbuild.1"]
    monkeypatch.setattr(patches, "_aws", Aws("1.36.2-20261115", {"vpc-cni": versions}))

    found = patches_of(cluster(node_releases={STANDARD: "1.36.1-20261001"}))

    # A minor version of an add-on is a decision, not a patch.
    assert due(found) == {STANDARD: "1.36.2-20261115", "vpc-cni": "v1.22.10-eksbuild.1"}


def test_an_addon_is_never_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "_aws", Aws("1.36.1-20261001", {"vpc-cni": ["v1.22.1-eksbuild.1"]}))

    assert due(patches_of(cluster(node_releases={STANDARD: "1.36.1-20261001"}))) == {}


def test_the_nightly_job_asks_what_runs_and_not_what_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "_aws", Aws("1.36.2-20261115"))
    groups = [("1.36.2-20261115", STANDARD), ("1.36.0-20260901", STANDARD), ("1.36.1-20261001", GPU)]
    resources = [
        {"type": "aws:eks/nodeGroup:NodeGroup", "outputs": {"releaseVersion": release, "amiType": kind}}
        for release, kind in groups
    ]

    runs = patches.running({"deployment": {"resources": resources}})

    assert runs == {STANDARD: "1.36.0-20260901", GPU: "1.36.1-20261001"}, "the oldest of each"
    assert due(patches_of(cluster(), runs)) == {STANDARD: "1.36.2-20261115"}


def test_how_old_nodes_are_is_said() -> None:
    assert age_days("1.36.0-20260901", date(2026, 11, 27)) == 87
    assert age_days("1.60.1-943d9a41") is None

    text = patches_text("dev", [Patch("node_releases", STANDARD, "1.36.0-20260901", "1.36.2-20261115")])

    assert text.startswith("<!-- axon:patches:dev -->\n### `dev`: 1 newer release\n")
    assert f"| {STANDARD} | 1.36.0-20260901 | {age_days('1.36.0-20260901')} | **1.36.2-20261115** |" in text
    assert "all nodes and add-ons are up to date" in patches_text("dev", [])


def test_kinds_of_images_are_eks_own() -> None:
    known: Any = get_session().get_service_model("eks").shape_for("AMITypes")

    assert set(get_args(AmiType)) <= set(known.enum)


# As terraform-aws-modules/terraform-aws-eks maps them (modules/eks-managed-node-group/main.tf).
@pytest.mark.parametrize(
    ("kind", "parameter"),
    [
        (STANDARD, "eks/optimized-ami/1.36/amazon-linux-2023/x86_64/standard/recommended/release_version"),
        (GPU, "eks/optimized-ami/1.36/amazon-linux-2023/x86_64/nvidia/recommended/release_version"),
        (
            "AL2023_ARM_64_STANDARD",
            "eks/optimized-ami/1.36/amazon-linux-2023/arm64/standard/recommended/release_version",
        ),
        (
            "AL2023_x86_64_NEURON",
            "eks/optimized-ami/1.36/amazon-linux-2023/x86_64/neuron/recommended/release_version",
        ),
        ("BOTTLEROCKET_ARM_64", "bottlerocket/aws-k8s-1.36/arm64/latest/image_version"),
        ("BOTTLEROCKET_x86_64_NVIDIA", "bottlerocket/aws-k8s-1.36-nvidia/x86_64/latest/image_version"),
    ],
)
def test_the_newest_image_is_a_public_parameter(kind: AmiType, parameter: str) -> None:
    assert parameter_of(kind, "1.36") == f"/aws/service/{parameter}"


IMAGE = Patch("node_releases", STANDARD, None, "1.36.2-20261115")
ADDON = Patch("addons", "vpc-cni", CNI, "v1.22.10-eksbuild.1")
COREDNS = ADDONS["1.36"]["coredns"]


@pytest.mark.parametrize(
    "before",
    [
        "",
        "    addons: {coredns: " + COREDNS + "} # ours\n",
        "    addons:\n      coredns: " + COREDNS + " # ours\n      vpc-cni: v1.22.3-eksbuild.1 # theirs\n",
        "    node_releases: {AL2023_x86_64_STANDARD: 1.36.0-20260901}\n    addons: {}\n",
    ],
    ids=["new", "flow", "block", "both"],
)
def test_pins_are_written_and_all_else_stays(stack_file: Path, before: str) -> None:
    text = GOOD.replace('    version: "1.36"\n', '    version: "1.36" # by hand\n' + before)
    text = text.replace("    network:\n", "    # the network\n    network:\n")

    made = patched(text, [IMAGE, ADDON])

    stack_file.write_text(made)
    wanted = load_file("test").cluster
    assert (wanted.node_releases, wanted.addons["vpc-cni"]) == (  # pyright: ignore
        {STANDARD: "1.36.2-20261115"},
        "v1.22.10-eksbuild.1",
    )
    for comment in (
        "# by hand",
        "# the network",
        *(f"# {word}" for word in ("ours", "theirs") if word in before),
    ):
        assert comment in made
    old, new = yaml.safe_load(text), yaml.safe_load(made)
    for key in ("node_releases", "addons"):
        old["config"]["axon:cluster"].pop(key, None)
        new["config"]["axon:cluster"].pop(key, None)
    assert old == new
    assert patched(made, [IMAGE, ADDON]) == made


def test_a_file_that_is_already_patched_stays_as_it_is() -> None:
    assert patched(GOOD, [Patch("addons", "vpc-cni", CNI, CNI)]) == GOOD


def test_a_cluster_on_one_line_is_left_to_its_author() -> None:
    with pytest.raises(PatchError, match="must be written as a block"):
        patched("config:\n  axon:cluster: {kind: eks}\n", [IMAGE])


def test_the_command_writes_the_file_and_says_what_it_wrote(
    stack_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack_file.write_text(GOOD)
    monkeypatch.setattr(commands, "PROJECT", stack_file.parents[1])
    monkeypatch.setattr(patches, "_aws", Aws("1.36.2-20261115"))

    assert exit_code("patch", "--stack", "test") == Exit.SAFE

    assert f"{STANDARD}: 1.36.2-20261115" in stack_file.read_text()
    assert "| not pinned |" in capsys.readouterr().out


def test_what_aws_refuses_is_one_line(commands: Path) -> None:
    command(commands, "aws", "echo AccessDeniedException >&2; exit 254")

    with pytest.raises(PatchError, match="aws ssm get-parameter: AccessDeniedException"):
        patches_of(cluster())
