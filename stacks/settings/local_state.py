"""Local state folder, for stacks without secrets and outside AWS."""

import os
from collections.abc import Mapping
from pathlib import Path

import pulumi

from stacks.settings.aws.eks import EksCluster
from stacks.settings.stack import Stack


def folder(environ: Mapping[str, str] = os.environ) -> str:
    """Return the folder that `axon env` chooses without a login, in the engine's form."""
    home = Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "axon"
    return f"file://{Path(environ.get('AXON_LOCAL_STATE_DIR') or home) / 'pulumi'}"


def check_not_local(stack: Stack, name: str, environ: Mapping[str, str] = os.environ) -> None:
    """Reject a stack on AWS in the shell of a local one: `eval "$(axon env)"`, then `pulumi up`.

    Raises:
        pulumi.RunError: before any resource is registered.
    """
    if isinstance(stack.cluster, EksCluster) and environ.get("PULUMI_BACKEND_URL") == folder(environ):
        raise pulumi.RunError(
            f"{name} is on AWS, and its state would be in the local state folder: `pulumi login` to where it "
            f"is kept, and use the environment of that stack (axon env --stack {name})"
        )
