"""The registry of an EKS stack, in ECR: made before the rest of the stack, for images are pushed first."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from local.steps import StepFailed, timed
from stacks.settings import Stack

PROJECT = Path(__file__).parents[1]
# The component, and with it all that has it for a parent.
TARGET = "**axon:registry:Registry**"
_ECR = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com")


def make_registry(stack: Stack, name: str) -> None:
    """Make the stack's repositories, and nothing else of it, if its images go to ECR."""
    if ecr_region(stack.images.registry or "") is None:
        return
    command = ["pulumi", "up", "--stack", name, "--target", TARGET, "--yes", "--skip-preview"]
    with timed("repositories in ECR"):
        run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if run.returncode:
        raise StepFailed(f"{run.stdout}{run.stderr}\npulumi up of the registry failed")


def ecr_region(image: str) -> str | None:
    """Return the region of an image in ECR, or None for any other registry."""
    found = _ECR.match(image)
    return found[2] if found else None


@cache
def ecr_password(region: str) -> str:
    """Return a password for the registry of the account that is logged in; it holds for twelve hours.

    Raises:
        StepFailed: without the AWS CLI, or without credentials.
    """
    if shutil.which("aws") is None:
        raise StepFailed("the AWS CLI is not on PATH: pushing to ECR and logging in to EKS need it (2.x)")
    command = ["aws", "ecr", "get-login-password", "--region", region]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise StepFailed(f"aws ecr get-login-password: {run.stderr.strip()}")
    return run.stdout.strip()
