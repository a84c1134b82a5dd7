"""One decoded request on its way to the model: the contract between services, executors and the application.

A service decodes a request into a `Call`; an executor runs the inputs of calls; the call encodes its result.
Decoding and encoding are pure computation and safe in any thread, so that the application may take those of
large bodies off the event loop.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from axon_runtime.http import Answer


class Call(NamedTuple):
    """What the model is given for one request, and how its result becomes an answer."""

    input: Any
    """What the model's function takes: one element of a batch."""

    rows: int
    """Examples in it, 1 for a class of the user's: the time of a run is predicted from their sum."""

    encode: Callable[[Any], Answer]
    """Takes the result. Raises AnswerError for what cannot be sent, ProtocolError for an unknown output."""


class Failed(NamedTuple):
    """In the place of a result: the exception, of any kind, that is this request's own."""

    error: BaseException
