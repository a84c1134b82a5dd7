"""HTTP responses of predictors."""

import re
from collections.abc import Mapping
from typing import Any, cast

from axon_runtime.errors import AnswerError
from axon_runtime.plain import json_of
from axon_runtime.public import HttpError, Response, status_of

__all__ = ["AnswerError", "HttpError", "Response", "encode"]

JSON = "application/json"

# https://www.rfc-editor.org/rfc/rfc9110#name-tokens and #name-field-values
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_WITHOUT_BODY = (204, 205, 304)
# Headers that only the runtime sets: of the connection, of the body's length, of the request's id.
_OWN = frozenset(
    (
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-request-id",
    )
)


def encode(value: Any) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers by lower-case name, and body: bytes and text unchanged, other values as JSON.

    Arrays and data frames become lists, NaN and infinity null.

    Raises:
        AnswerError: when a value has no JSON form, or the status or a header is not valid in HTTP.
    """
    if not isinstance(value, Response):
        kind, body = _body(value)
        return 200, {"content-type": kind}, body
    status = status_of(value.status_code)
    if status in _WITHOUT_BODY:
        kind, body = None, b""
    else:
        kind, body = _body(value.content)
    headers = _headers({"content-type": value.media_type or kind} if kind else {}, value.headers)
    return status, headers, body


def _headers(made: dict[str, Any], own: Mapping[Any, Any]) -> dict[str, str]:
    """Return headers by lower-case name: the predictor's own override the generated ones."""
    found: dict[str, str] = {}
    for name, value in (*made.items(), *own.items()):
        name = _text(name).lower()
        if not _NAME.fullmatch(name):
            raise AnswerError("the answer has a header whose name HTTP does not allow")
        text = _text(value).strip(" \t")
        if not _VALUE.fullmatch(text) or any(ord(character) > 255 for character in text):
            raise AnswerError(f"the answer's header {name} has to be one line of Latin-1 text")
        if name not in _OWN:
            found[name] = text
    return found


def _text(given: Any) -> str:
    if isinstance(given, bytes):
        return given.decode("latin-1")
    if isinstance(given, str | int | float) and not isinstance(given, bool):
        return str(given)
    raise AnswerError(f"the answer has a header of the type {type(given).__name__}, which is no text")


def _body(value: Any) -> tuple[str, bytes]:
    if isinstance(value, bytes | bytearray | memoryview):
        return "application/octet-stream", bytes(cast(bytes, value))
    if isinstance(value, str):
        try:
            return "text/plain; charset=utf-8", value.encode()
        except UnicodeEncodeError:
            raise AnswerError("the answer is a text that UTF-8 cannot say") from None
    return JSON, json_of(value)
