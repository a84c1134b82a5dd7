"""Images for the architectures of a cluster's nodes, on a machine that may have another one."""

import platform
from collections.abc import Sequence

from axon.steps import StepFailed

_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def machine() -> str:
    """Return this machine's architecture, in the terms of images."""
    return _MACHINES.get(platform.machine().lower(), platform.machine().lower())


def parts_of(image: str, architectures: Sequence[str]) -> dict[str, str]:
    """Return the image of each architecture, by its name; if there are several, each has a tag of its own.

    An image without an architecture is built for this machine's, and has the empty name.
    """
    if len(architectures) < 2:
        return dict.fromkeys(architectures or [""], image)
    common = image.removesuffix("-" + "-".join(architectures))
    return {architecture: f"{common}-{architecture}" for architecture in architectures}


def platform_words(architecture: str) -> list[str]:
    """Return the arguments of docker and buildah for an architecture."""
    return ["--platform", f"linux/{architecture}"] if architecture else []


def foreign(architecture: str, error: StepFailed) -> StepFailed:
    """Return the error of a failed build, with the requirements of a build for another architecture."""
    if architecture in ("", machine()):
        return error
    return StepFailed(
        f"{error}\nThis machine is {machine()}, and the image is for {architecture}: its steps run "
        "under QEMU. Docker Desktop has it; else `docker run --privileged --rm tonistiigi/binfmt --install "
        "all`, or the package qemu-user-static. Or run this on a machine of that architecture."
    )
