"""The command that prepares an AWS account."""

from axon.environments.bootstrap import FOLDER
from axon.environments.bootstrap import bootstrap as make
from axon.environments.bootstrap_steps import next_steps
from axon.environments.protection import check_protection
from axon.github import this_repository
from axon.machine import LocalSettings
from axon.session import use_environment
from stacks.settings.bootstrap_file import load_bootstrap_file


def bootstrap(account: str, backend: str | None) -> None:
    """Create the resources that an AWS account needs before its first stack, and print the next steps.

    Creates nothing while GitHub would let other branches than the environment's use a role.
    """
    settings, clusters = load_bootstrap_file(FOLDER / f"Pulumi.{account}.yaml")
    if settings.github:
        check_protection(this_repository(settings.github.repository), settings)
    use_environment(LocalSettings(), None)
    make(account, settings, backend=backend)
    print(next_steps(settings, clusters))
