"""Paths, URLs, host names and headers of HTTP in a stack file."""

import re
from typing import Annotated

from pydantic import AfterValidator

# HTTPPathMatch of https://gateway-api.sigs.k8s.io/reference/spec/ : 1024 characters, no `.` and `..`.
_PATH_CHARACTERS = 1024
_DOTS = {".", ".."}
# https://www.rfc-editor.org/rfc/rfc1123#page-13 ; Gateway API allows only lower case.
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_URL = re.compile(r"(https?)://([A-Za-z0-9.-]+)(:([0-9]{1,5}))?(/[A-Za-z0-9._~/-]*)?")


def _is_host(text: str) -> bool:
    return len(text) <= 253 and _HOST.fullmatch(text) is not None


def _is_origin(match: re.Match[str] | None) -> bool:
    return match is not None and _is_host(match[2].lower()) and 0 < int(match[4] or 80) <= 65535


def _endpoint(text: str) -> str:
    if len(text) > _PATH_CHARACTERS:
        raise ValueError(f"has {len(text)} characters; {_PATH_CHARACTERS} is the most")
    parts = text.split("/")[1:]
    if re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", text) and not _DOTS.intersection(parts):
        return text
    near = [p for p in re.sub(r"[^A-Za-z0-9._~/-]+", "-", text).split("/") if p and p not in _DOTS]
    raise ValueError(f'"{text}" is not a path such as /iris-classifier (try /{"/".join(near) or "iris"})')


def _http_url(text: str) -> str:
    if _is_origin(_URL.fullmatch(text)):
        return text.rstrip("/")
    raise ValueError(f'"{text}" is not a URL such as http://prometheus.monitoring:9090')


def _hostname(text: str) -> str:
    name = text.removeprefix("*.")
    # An address is not a name: its last part is a number.
    if "." in name and _is_host(name) and not name.rpartition(".")[2].isdecimal():
        return text
    lower = "." in name and name.isascii() and _is_host(name.lower())
    hint = f"try {text.lower()}" if lower and text != text.lower() else "such as models.example.com"
    raise ValueError(f'"{text}" is not a host name ({hint})')


def _header(text: str) -> str:
    # https://www.rfc-editor.org/rfc/rfc9110#name-field-names ; HTTP/2 allows only lower case.
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", text):
        return text
    near = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64]
    raise ValueError(f'"{text}" is not the name of a header in lower case (try {near or "x-api-key"})')


def _header_value(text: str) -> str:
    if re.fullmatch(r"[!-~]([ -~]{0,254}[!-~])?", text):
        return text
    raise ValueError(f"{text!r} cannot be the value of a header: printable ASCII, no space first or last")


def _origin(text: str) -> str:
    # https://gateway.envoyproxy.io/docs/api/extension_types/#origin
    found = _URL.fullmatch(text.replace("://*.", "://", 1))
    if text == "*" or (_is_origin(found) and found is not None and not found[5]):
        return text
    raise ValueError(f'"{text}" is not an origin such as https://app.example.com (no path, no slash last)')


Endpoint = Annotated[str, AfterValidator(_endpoint)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Hostname = Annotated[str, AfterValidator(_hostname)]
HeaderName = Annotated[str, AfterValidator(_header)]
HeaderValue = Annotated[str, AfterValidator(_header_value)]
Origin = Annotated[str, AfterValidator(_origin)]
