"""The settings that stacks of benchmarks start from."""

from typing import Any

from stacks.settings.loading import STACKS, config_of
from stacks.settings.source import read_source


def of_file(stack: str) -> dict[str, Any]:
    """Return what a stack file says, as plain data."""
    file = STACKS / f"Pulumi.{stack}.yaml"
    return config_of(file, read_source(file, file.name))


def beside_local(name: str) -> dict[str, Any]:
    """Return the settings of the stack `local`, in a namespace of its own on the platform that is there."""
    settings = of_file("local")
    settings["platform"] |= {"namespace": f"axon-{name}", "install": False}
    return settings
