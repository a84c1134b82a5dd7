"""Whether a stack file is small enough for a `pulumi` of the machine's own."""

import json

from local.steps import StepFailed
from stacks.settings.loading import STACKS, config_of
from stacks.settings.source import read_source

# Bytes of one variable on Linux, its name included (MAX_ARG_STRLEN): Pulumi's own Python host hands the whole
# config over in one. https://man7.org/linux/man-pages/man2/execve.2.html
_MOST = 128 * 1024 - len("PULUMI_CONFIG=") - 1


def check_size(stack: str) -> None:
    """Refuse what the official host could only fail on, with `argument list too long`.

    Raises:
        StepFailed: with both sizes, and what to do.
    """
    file = STACKS / f"Pulumi.{stack}.yaml"
    config = config_of(file, read_source(file, file.name))
    size = len(json.dumps({f"axon:{key}": json.dumps(value) for key, value in config.items()}))
    if size > _MOST:
        raise StepFailed(
            f"{file.name}: {size / 1024:.0f} KiB of settings are more than the 128 KiB that the `pulumi` on "
            "PATH hands to a program: make two stacks of it, or take that `pulumi` off PATH, for axon's own"
        )
