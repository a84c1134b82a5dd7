"""JSON decoder with Python's NaN and Infinity, and with a maximum depth."""

import json
import re
from itertools import chain
from typing import Any, cast

import msgspec

DEPTH = 100
_TOO_DEEP = f"it is nested more than {DEPTH} deep"
_TOKENS = re.compile(rb"\b(?:NaN|Infinity)\b")


class JsonError(ValueError):
    """A text is not JSON, or nested too deeply. The message is one line without data of the text."""


def decode(body: bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        JsonError: when the text is malformed or nested too deeply.
    """
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        value = _pythons(body, error)
    except UnicodeDecodeError:
        raise JsonError("it is not UTF-8") from None
    except RecursionError:
        raise JsonError(_TOO_DEEP) from None
    if body.count(b"[") + body.count(b"{") > DEPTH and _is_deeper(value):
        raise JsonError(_TOO_DEEP)
    return value


def _pythons(body: bytes, error: msgspec.DecodeError) -> Any:
    """Return the value of a text with NaN or Infinity, which are not valid JSON."""
    if not _TOKENS.search(body):
        raise JsonError(str(error)) from None
    try:
        value = json.loads(body)
        if b"\\u" in body:  # a single surrogate is not text
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise JsonError(_TOO_DEEP) from None
    except ValueError:  # raised by both modules, and by the codec
        raise JsonError(str(error)) from None
    return value


def _is_deeper(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH + 1):
        lists = [cast(list[Any], item) for item in level if type(item) is list]
        dicts = [cast(dict[str, Any], item).values() for item in level if type(item) is dict]
        if not lists and not dicts:
            return False
        level = list(chain(*lists, *dicts))
    return True
