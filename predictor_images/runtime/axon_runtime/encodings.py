"""Bodies that clients have compressed (https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding)."""

import zlib

from axon_runtime.http import TooLargeError
from axon_runtime.payload import PayloadError

# Of zlib: the width of its window, and what surrounds the data. 47: gzip's, or zlib's own.
_WITH_HEADER = 47
_RAW = -15
_CODINGS = ("gzip", "x-gzip", "deflate")
# Parts of a gzip body: clients write one.
_MOST_PARTS = 16


class EncodingError(ValueError):
    """The body is compressed in a way that is not decoded: 415. The text is one line."""


def decoded_body(body: bytes, coding: str, limit: int) -> bytes:
    """Return a body as it was before its client compressed it, of so many bytes at most.

    `coding` is the value of the request's Content-Encoding.

    Raises:
        EncodingError: when the Content-Encoding is not one that is decoded.
        TooLargeError: when it is larger decoded than it may be.
        PayloadError: when it is not what its Content-Encoding says.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return body
    if coding not in _CODINGS:
        raise EncodingError("Content-Encoding has to be gzip or deflate, or absent")
    try:
        # Some write deflate without zlib's header, which then is not to be found.
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
