"""Errors of models and of requests: each is one short line without data of the request."""

from collections.abc import Sequence

_NAMES = 20


class LoadError(Exception):
    """A model cannot be loaded. The text is one line: the file and the reason."""


class AnswerError(TypeError):
    """A predictor's or model's result cannot be sent. The text states its type and position."""


class BadInputError(ValueError):
    """The client's rows are not valid input of the model."""


def listed(names: Sequence[str]) -> str:
    """Return a model's names for an error message, shortened if there are many."""
    more = len(names) - _NAMES
    return ", ".join(names[:_NAMES]) + (f" and {more} more" if more > 0 else "")
