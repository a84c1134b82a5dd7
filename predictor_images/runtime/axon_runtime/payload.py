"""The body of a request as what a predictor takes: by its content type, as in Cortex."""

from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import parse_qs

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import FormParser


class PayloadError(ValueError):
    """The body is not what its content type says."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of a multipart form."""

    filename: str
    content_type: str
    data: bytes

    def read(self) -> bytes:
        """Return the whole content."""
        return self.data


def decode(body: bytes, content_type: str | None) -> Any:
    """Return a JSON value, a form as a dict, text, or the bytes as they are.

    Raises:
        PayloadError: when the body is not what its content type says.
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
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PayloadError(f"the body is not JSON: {error}") from None


def _form(body: bytes) -> dict[str, str | list[str]]:
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=1000)
    except ValueError as error:
        raise PayloadError(f"the body is not a form: {error}") from None
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def _text(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset)
    except LookupError:
        raise PayloadError(f"the charset {charset} is not known") from None
    except ValueError as error:
        raise PayloadError(f"the body is no text in {charset}: {error}") from None


def _multipart(body: bytes, content_type: str, parameters: dict[str, str]) -> dict[str, Any]:
    boundary = parameters.get("boundary", "")
    if not boundary:
        raise PayloadError("multipart/form-data needs a boundary")
    found: dict[str, Any] = {}

    def on_field(field: Any) -> None:
        found[_word(field.field_name)] = _word(field.value)

    def on_file(file: Any) -> None:
        file.file_object.seek(0)
        kind = getattr(file, "content_type", None) or "application/octet-stream"
        name = _word(file.file_name)
        found[_word(file.field_name)] = UploadedFile(name, _word(kind), file.file_object.read())

    _parse(body, boundary, on_field, on_file)
    return found


def _parse(
    body: bytes, boundary: str, on_field: Callable[[Any], None], on_file: Callable[[Any], None]
) -> None:
    try:
        # Held in memory: the file system of a replica is read-only.
        config: Any = {"MAX_MEMORY_FILE_SIZE": len(body) + 1}
        parser = FormParser(
            "multipart/form-data", on_field, on_file, boundary=boundary.encode("latin-1"), config=config
        )
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise PayloadError(f"the body is not a multipart form: {error}") from None


def _word(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
