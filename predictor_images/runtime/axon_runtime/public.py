"""Public classes of the runtime, which predictors import from `axon_runtime`.

This module imports no library: the parent of several processes loads it, too, and uses little memory.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from axon_runtime.errors import AnswerError


class HttpError(Exception):
    """Exception for predictors that sets the status of the response."""

    def __init__(self, status_code: int, detail: Any = "") -> None:
        self.status_code, self.detail = status_of(status_code), detail
        super().__init__(f"{self.status_code} {detail}")


class Response:
    """Response with a status, headers or a media type set by the predictor."""

    def __init__(
        self,
        content: Any = None,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
    ) -> None:
        self.content, self.status_code = content, status_code
        self.headers, self.media_type = dict(headers or {}), media_type


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """File of a multipart form."""

    filename: str
    content_type: str
    data: bytes

    def read(self) -> bytes:
        """Return the complete content."""
        return self.data


def status_of(given: Any) -> int:
    """Return a status as a number; digits and an `HTTPStatus` are accepted."""
    text = str(int(given)) if isinstance(given, Integral) and not isinstance(given, bool) else given
    if not isinstance(text, str) or not re.fullmatch(r"[2-5][0-9][0-9]", text):
        raise AnswerError("the answer's status has to be a number from 200 to 599")
    return int(text)
