"""Decoder of request bodies by their content type, compatible with Cortex."""

from collections.abc import Callable
from email.message import Message
from typing import Any
from urllib.parse import parse_qs

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import FormParser

from axon_runtime import json_text
from axon_runtime.public import UploadedFile

# All of these decode in linear time, which not all of Python's codecs do.
_CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "latin-1": "latin-1",
    "latin1": "latin-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}


class PayloadError(ValueError):
    """The body does not match its content type."""


def decode(body: bytes, content_type: str | None) -> Any:
    """Return a JSON value, a form as a dict, text, or the bytes unchanged.

    Raises:
        PayloadError: when the body does not match its content type.
    """
    kind, parameters = _parsed(content_type)
    if kind in ("", "application/json") or kind.endswith("+json"):
        return _json(body)
    if kind == "application/x-www-form-urlencoded":
        return _form(body)
    if kind == "multipart/form-data":
        return _multipart(body, content_type or "", parameters)
    return _text(body, parameters.get("charset", "utf-8")) if kind.startswith("text/") else body


def _parsed(content_type: str | None) -> tuple[str, dict[str, str]]:
    if not content_type:
        return "", {}
    message = Message()
    message["content-type"] = content_type.replace("\r", " ").replace("\n", " ")
    found = message.get_params(header="content-type") or []
    return message.get_content_type() if "/" in content_type else content_type.lower(), {
        str(key).lower(): str(value) for key, value in found[1:]
    }


def _json(body: bytes) -> Any:
    try:
        return json_text.decode(body)
    except json_text.JsonError as error:
        raise PayloadError(f"the body is not JSON: {error}") from None


def _form(body: bytes) -> dict[str, str | list[str]]:
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        raise PayloadError("the body is not a form of at most 1000 fields in ASCII") from None
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def _text(body: bytes, charset: str) -> str:
    codec = _CHARSETS.get(charset.lower().strip("\"' "))
    if codec is None:
        raise PayloadError(f"the charset has to be one of {', '.join(_CHARSETS)}")
    try:
        return body.decode(codec)
    except ValueError:
        raise PayloadError("the body is no text in its charset") from None


def _multipart(body: bytes, content_type: str, parameters: dict[str, str]) -> dict[str, Any]:
    boundary = parameters.get("boundary", "")
    if not boundary:
        raise PayloadError("multipart/form-data needs a boundary")
    found: dict[str, list[Any]] = {}

    def on_field(field: Any) -> None:
        found.setdefault(_word(field.field_name), []).append(_word(field.value))

    def on_file(file: Any) -> None:
        file.file_object.seek(0)
        kind = getattr(file, "content_type", None) or "application/octet-stream"
        name = _word(file.file_name)
        uploaded = UploadedFile(name, _word(kind), file.file_object.read())
        found.setdefault(_word(file.field_name), []).append(uploaded)

    _parse(body, boundary, on_field, on_file)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _parse(
    body: bytes, boundary: str, on_field: Callable[[Any], None], on_file: Callable[[Any], None]
) -> None:
    try:
        # Kept in memory: the file system of a replica is read-only.
        config: Any = {"MAX_MEMORY_FILE_SIZE": len(body) + 1}
        parser = FormParser(
            "multipart/form-data", on_field, on_file, boundary=boundary.encode("latin-1"), config=config
        )
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError):
        raise PayloadError("the body is not a multipart form") from None


def _word(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
