"""Places and names of HTTP in a stack file."""

import re
from typing import Annotated

from pydantic import AfterValidator

# https://gateway-api.sigs.k8s.io/reference/spec/#httppathmatch
_PATH_CHARACTERS = 1024


def _endpoint(text: str) -> str:
    parts = text.split("/")[1:]
    if len(text) > _PATH_CHARACTERS:
        raise ValueError(f"has {len(text)} characters; {_PATH_CHARACTERS} is the most")
    if re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", text) and not {".", ".."} & set(parts):
        return text
    kept = re.sub(r"[^A-Za-z0-9._~/-]+", "-", text).split("/")
    near = "/" + ("/".join(part for part in kept if part not in ("", ".", "..")) or "iris")
    raise ValueError(f'"{text}" is not a path such as /iris-classifier (try {near})')


def _http_url(text: str) -> str:
    if re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~/-]*)?", text):
        return text.rstrip("/")
    raise ValueError(f'"{text}" is not a URL such as http://prometheus.monitoring:9090')


def _hostname(text: str) -> str:
    # https://gateway-api.sigs.k8s.io/reference/spec/#hostname : lower case, no address
    name = text.removeprefix("*.")
    labels = name.split(".")
    if (
        len(name) <= 253
        and len(labels) > 1
        and not labels[-1].isdigit()
        and all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label) for label in labels)
    ):
        return text
    lower = f"try {text.lower()}" if text != text.lower() else "such as models.example.com"
    raise ValueError(f'"{text}" is not a host name ({lower})')


def _header(text: str) -> str:
    # https://www.rfc-editor.org/rfc/rfc9110#name-field-names ; HTTP/2 has them in lower case alone.
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
    if text == "*" or re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9.-]+(:\d+)?", text):
        return text
    raise ValueError(f'"{text}" is not an origin such as https://app.example.com (no path, no slash last)')


Endpoint = Annotated[str, AfterValidator(_endpoint)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Hostname = Annotated[str, AfterValidator(_hostname)]
HeaderName = Annotated[str, AfterValidator(_header)]
HeaderValue = Annotated[str, AfterValidator(_header_value)]
Origin = Annotated[str, AfterValidator(_origin)]
