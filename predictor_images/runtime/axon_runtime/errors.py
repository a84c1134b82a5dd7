"""Errors of models and of requests: one short line each, which repeats nothing of the request."""

from collections.abc import Sequence

_NAMES = 20


class LoadError(Exception):
    """A model cannot be loaded. Its text is one line: which file, and why."""


class BadInputError(ValueError):
    """The client's rows are not what the model takes."""


def listed(names: Sequence[str]) -> str:
    """Return names of the model's own for an error, a few of many."""
    more = len(names) - _NAMES
    return ", ".join(names[:_NAMES]) + (f" and {more} more" if more > 0 else "")
