"""What one part of a stack says of a name that another part gets from AWS."""

import re
from collections.abc import Iterator

import yaml

from tests.aws_models.account import Finding
from tests.aws_models.program import Recorder

_PRIORITIES = "expanderPriorities"


def across(recorder: Recorder) -> Iterator[Finding]:
    """Yield names that do not meet: each Auto Scaling group has one priority of Cluster Autoscaler's."""
    priorities: dict[int, list[str]] = yaml.safe_load(recorder.values_of("cluster-autoscaler")[_PRIORITIES])
    for group, name in recorder.account.scaling_groups.items():
        patterns = [pattern for found in priorities.values() for pattern in found if re.search(pattern, name)]
        if len(patterns) != 1:
            yield Finding(
                f"cluster-autoscaler {group}", f"{len(patterns)} priorities are for {name}, not one"
            )
