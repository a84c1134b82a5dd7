"""Compressed request bodies (https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding)."""

import zlib

from axon_runtime.http import TooLargeError
from axon_runtime.payload import PayloadError

# zlib's parameter for window size and format. 47: gzip or zlib, detected by the header.
_WITH_HEADER = 47
_RAW = -15
_CODINGS = ("gzip", "x-gzip", "deflate")
# Maximum number of parts of a gzip body: clients write one.
_MOST_PARTS = 16


class EncodingError(ValueError):
    """The body has an unsupported encoding: 415. The text is one line."""


def decoded_body(body: bytes, coding: str, limit: int) -> bytes:
    """Return a decompressed body, limited to the given number of bytes.

    `coding` is the value of the request's Content-Encoding.

    Raises:
        EncodingError: when the Content-Encoding is not supported.
        TooLargeError: when the decompressed body exceeds the limit.
        PayloadError: when the body does not match its Content-Encoding.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return body
    if coding not in _CODINGS:
        raise EncodingError("Content-Encoding has to be gzip or deflate, or absent")
    try:
        # Some clients write deflate without zlib's header, which must then not be expected.
        raw = coding == "deflate" and not _has_zlibs_header(body)
        return _inflated(body, limit, _RAW if raw else _WITH_HEADER)
    except zlib.error:
        raise PayloadError("the body is not compressed as its Content-Encoding says") from None


def _has_zlibs_header(body: bytes) -> bool:
    return len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0


def _inflated(body: bytes, limit: int, width: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while body:
        if len(parts) == _MOST_PARTS:
            raise zlib.error("too many parts")
        stream = zlib.decompressobj(width)
        parts.append(stream.decompress(body, limit + 1 - size))
        size += len(parts[-1])
        if size > limit:
            raise TooLargeError(limit)
        if not stream.eof:
            raise zlib.error("cut off")
        body = stream.unused_data  # gzip may have several parts
    return parts[0] if len(parts) == 1 else b"".join(parts)
