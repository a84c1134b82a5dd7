"""Commands for newer releases: write them into a stack file, or report them."""

from pathlib import Path

from axon import engine
from axon.patching.patch_file import patched
from axon.patching.patches import PatchError, patches_of, patches_text, running
from axon.report.command import write
from axon.report.report import Exit
from axon.session import connected
from axon.stack_file import path_of
from stacks.settings import Stack, load_file
from stacks.settings.aws.eks import EksCluster
from stacks.settings.project import PROJECT


def patch(stack: str) -> None:
    """Write newer releases of node images and add-ons into a stack file, as its pins."""
    settings, file = load_file(stack), PROJECT / path_of(stack)
    found = patches_of(_eks(settings, stack))
    file.write_text(patched(file.read_text(), found))
    load_file(stack)
    write(patches_text(stack, found), None)


def patches(stack: str, output: Path | None) -> int:
    """Write the age of nodes and add-ons as Markdown, and return the exit code (`Exit`)."""
    cluster = _eks(connected(stack), stack)
    found = patches_of(cluster, running(engine.export(stack)))
    write(patches_text(stack, found), output)
    return Exit.PATCHABLE if any(one.is_due for one in found) else Exit.SAFE


def _eks(settings: Stack, stack: str) -> EksCluster:
    if isinstance(settings.cluster, EksCluster):
        return settings.cluster
    raise PatchError(
        f"{stack} is not on AWS: axon does not patch the nodes of a cluster that it did not make"
    )
