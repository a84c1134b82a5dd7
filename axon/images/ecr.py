"""Registry of an EKS stack, in ECR: models are deployed last, once their images are in it."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache

from axon.engine import up
from axon.steps import StepFailed, console, timed
from stacks.settings import Stack
from stacks.settings.aws.eks import EksCluster
from stacks.settings.images import Images

_ECR = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com")


def make_all_but_models(name: str, settings: Stack, registry: str, images: Sequence[str]) -> None:
    """Deploy a stack except its models, including the repositories in `registry` for `images`.

    The repositories cannot be created first: with any `--target` the engine requires the EKS component's own
    provider, and with it the cluster.

    Raises:
        StepFailed: if a repository is missing. Other errors of AWS, such as a node group without
            capacity, are shown, and the last `pulumi up` reports them again.
    """
    with timed("the stack without its models"):
        complete = up(name, settings, models=False)
    if not complete and not _has_repositories(registry, images):
        raise StepFailed("pulumi up of the stack without its models failed")


def _has_repositories(registry: str, images: Sequence[str]) -> bool:
    prefix = registry.partition("/")[2]
    names = [f"{prefix}/{image}" for image in images]
    region = ["--region", ecr_region(registry) or ""]
    command = ["aws", "ecr", "describe-repositories", *region, "--repository-names", *names]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def fill_cache(cluster: EksCluster, images: Images) -> None:
    """Let ECR fetch the platform's images before nodes pull them. The first `up` does so itself."""
    from components.image_cache import cached_images, fill  # with AWS' SDK, which takes seconds

    try:
        fill(cluster.region, cached_images(cluster, images))
    except RuntimeError as error:
        console.print(f"the image cache lacks:\n{error}")


def ecr_region(image: str) -> str | None:
    """Return the region of an image in ECR, or None for any other registry."""
    found = _ECR.match(image)
    return found[2] if found else None


@cache
def ecr_password(region: str) -> str:
    """Return a password for the registry of the account that is logged in; it is valid for twelve hours.

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
