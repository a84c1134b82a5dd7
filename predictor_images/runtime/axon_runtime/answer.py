"""What a predictor returns, as an HTTP answer."""

from collections.abc import Mapping
from typing import Any

import msgspec

JSON = "application/json"


class HttpError(Exception):
    """Raise it in a predictor to answer with a status of your own."""

    def __init__(self, status_code: int, detail: Any = "") -> None:
        super().__init__(f"{status_code} {detail}")
        self.status_code, self.detail = status_code, detail


class AnswerError(TypeError):
    """A predictor returned what cannot be sent. Its text says what, and where it stands."""


class Response:
    """An answer with a status, headers or a media type of the predictor's own."""

    def __init__(
        self,
        content: Any = None,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
    ) -> None:
        self.content, self.status_code = content, status_code
        self.headers, self.media_type = dict(headers or {}), media_type


def encode(value: Any) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body: bytes and text as they are, anything else as JSON.

    Arrays and data frames become lists, NaN and infinity null.

    Raises:
        AnswerError: when something in it cannot be JSON.
    """
    if isinstance(value, Response):
        kind, body = _body(value.content)
        headers = {"content-type": value.media_type or kind, **value.headers}
        return value.status_code, headers, body
    kind, body = _body(value)
    return 200, {"content-type": kind}, body


def _body(value: Any) -> tuple[str, bytes]:
    if isinstance(value, bytes | bytearray | memoryview):
        return "application/octet-stream", bytes(value)
    if isinstance(value, str):
        return "text/plain; charset=utf-8", value.encode()
    try:
        return JSON, msgspec.json.encode(value, enc_hook=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise AnswerError(f"the predictor's answer cannot be JSON: {_where(value) or error}") from None


def _plain(value: Any) -> Any:
    """Return what JSON knows for a value that it does not: numpy's and pandas' by what they can do."""
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a data frame
        return value.to_dict("records")
    for method in ("tolist", "to_list"):  # arrays, scalars, series
        if hasattr(value, method):
            return getattr(value, method)()
    raise TypeError(type(value).__name__)


def _where(value: Any, path: str = "") -> str:
    """Return where the first value stands that JSON does not know, or nothing."""
    if isinstance(value, Mapping):
        children = [(f"{path}.{key}" if path else str(key), child) for key, child in value.items()]
    elif isinstance(value, list | tuple):
        children = [(f"{path}[{index}]", child) for index, child in enumerate(value)]
    else:
        return "" if _is_plain(value) else f"{type(value).__name__} at {path or 'its top'}"
    return next((found for place, child in children if (found := _where(child, place))), "")


def _is_plain(value: Any) -> bool:
    try:
        msgspec.json.encode(value, enc_hook=_plain)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
