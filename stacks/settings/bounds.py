"""Bounds of durations in a stack file."""

from collections.abc import Callable

from stacks.settings.units import duration_seconds


def between(least: str, most: str) -> Callable[[str], str]:
    """Return a check that a duration lies between two, both allowed."""

    def check(text: str) -> str:
        if duration_seconds(least) <= duration_seconds(text) <= duration_seconds(most):
            return text
        raise ValueError(f"{text} is not between {least} and {most}")

    return check
