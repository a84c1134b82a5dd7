"""Error responses by exception type."""

from collections.abc import Callable
from typing import Any

import msgspec

from axon_runtime.admission import FullError
from axon_runtime.answer import AnswerError, HttpError
from axon_runtime.encodings import EncodingError
from axon_runtime.http import JSON, Answer, SlowBodyError, TooLargeError
from axon_runtime.logs import trace_of
from axon_runtime.memory import MemoryFullError
from axon_runtime.model_cache import RETRY_SECONDS, ModelError
from axon_runtime.payload import PayloadError
from axon_runtime.saved import BadInputError
from axon_runtime.tensors import ProtocolError

_CLIENTS = (BadInputError, PayloadError, ProtocolError)


def error(status: int, message: str, *headers: tuple[bytes, bytes]) -> Answer:
    """Return an error response as JSON."""
    return Answer(status, msgspec.json.encode({"error": message}), [JSON, *headers])


def retry_after(seconds: int) -> tuple[bytes, bytes]:
    """Return the Retry-After header."""
    return b"retry-after", b"%d" % seconds


def refused(cause: BaseException) -> Answer | None:
    """Return the response for a known reason of rejection, or None: the model failed."""
    if isinstance(cause, _CLIENTS):
        return error(400, str(cause))
    if isinstance(cause, EncodingError):
        return error(415, str(cause))
    if isinstance(cause, HttpError):
        return error(cause.status_code, str(cause.detail))
    if isinstance(cause, TooLargeError):
        return error(413, str(cause))
    if isinstance(cause, SlowBodyError):
        return error(408, str(cause))
    if isinstance(cause, FullError):
        return error(503, str(cause), retry_after(1))
    if isinstance(cause, MemoryFullError):
        return error(503, str(cause), retry_after(1)) if cause.ever else error(413, str(cause))
    if isinstance(cause, ModelError):
        return error(503, str(cause), retry_after(RETRY_SECONDS))
    return None


def failed(cause: BaseException, write: Callable[..., None], **who: Any) -> Answer:
    """Return the response of a failed model, and log the reason."""
    what = f"{type(cause).__name__}: {cause}"
    write("error", what, **who, traceback=trace_of(cause))
    return error(500, what if isinstance(cause, AnswerError) else "the predictor failed (see its log)")
