"""Decoded request: the contract between services, executors and the application.

A service decodes a request into a `Call`; an executor runs the inputs of calls; the call encodes its result.
Decoding and encoding are pure computation and thread-safe, so that the application can move those of large
bodies off the event loop.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from axon_runtime.http import Answer


class Call(NamedTuple):
    """Input of the model for one request, and the encoder of its result."""

    input: Any
    """Argument of the model's function: one element of a batch."""

    rows: int
    """Number of examples, 1 for a user's class: the predicted time of a run depends on their sum."""

    encode: Callable[[Any], Answer]
    """Encodes the result. Raises AnswerError for a value that cannot be sent, ProtocolError for an unknown
    output.
    """


class Failed(NamedTuple):
    """Result of a failed request: the exception, of any type, that concerns only this request."""

    error: BaseException
