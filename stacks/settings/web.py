"""Places and names of HTTP in a stack file."""

import re
from typing import Annotated

from pydantic import AfterValidator


def _endpoint(text: str) -> str:
    if re.fullmatch(r"/[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*", text):
        return text
    near = "/" + "/".join(p for p in re.sub(r"[^A-Za-z0-9._~/-]+", "-", text).split("/") if p)
    raise ValueError(f'"{text}" is not a path such as /iris-classifier (try {near})')


def _http_url(text: str) -> str:
    if re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~/-]*)?", text):
        return text.rstrip("/")
    raise ValueError(f'"{text}" is not a URL such as http://prometheus.monitoring:9090')


def _hostname(text: str) -> str:
    labels = text.removeprefix("*.").split(".")
    if len(labels) > 1 and all(part and part.replace("-", "").isalnum() for part in labels):
        return text
    raise ValueError(f'"{text}" is not a host name (such as models.example.com)')


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
