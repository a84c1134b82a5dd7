"""Refuse to remove what is protected.

The engine does refuse too, but late: it deletes what depends on a protected cluster first, and with that
every model and every node.
"""

import json
import subprocess
from pathlib import Path

from local.steps import StepFailed
from stacks.settings import Stack
from stacks.settings.aws.eks import EksCluster

PROJECT = Path(__file__).parents[1]


def check_removable(stack: Stack, name: str, project: Path = PROJECT) -> None:
    """Say whether a stack may be removed.

    Raises:
        StepFailed: when its file, or its state, protects it; with what would have to be done.
    """
    if isinstance(stack.cluster, EksCluster) and stack.cluster.protected:
        raise StepFailed(
            f"{name} is protected, and nothing was removed. If you mean it: set `protected: false` in "
            f"stacks/Pulumi.{name}.yaml, `make up STACK={name}`, then `make down STACK={name}`"
        )
    if protected := _protected(name, project):
        names = ", ".join(urn.rsplit("::", 1)[-1] for urn in protected[:5])
        raise StepFailed(
            f"{name} still protects {names}, and nothing was removed. Its file no longer does: "
            f"`make up STACK={name}` first"
        )


def _protected(name: str, project: Path) -> list[str]:
    command = ["pulumi", "stack", "export", "--stack", name]
    run = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if run.returncode:
        raise StepFailed(f"pulumi stack export: {run.stderr.strip()}")
    resources = (json.loads(run.stdout).get("deployment") or {}).get("resources", [])
    return [resource["urn"] for resource in resources if resource.get("protect")]
