"""Log with one JSON object per line, on standard output."""

import logging
import sys
import time
import traceback
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()
_LONGEST = 8000  # maximum number of characters of a traceback
_A_SECOND = 10  # lines of one kind per second


def log(level: str, message: str, **fields: Any) -> None:
    """Write a line: time (RFC 3339, UTC), level, message, and further fields."""
    now = time.time()
    stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1000):03}Z"
    line = _encoder.encode({"time": stamp, "level": level, "message": message, **fields})
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


class LimitedLog:
    """Rate-limited log of one kind, such as rejections: at most ten lines per second, and the number of
    dropped lines.
    """

    def __init__(self) -> None:
        self._second, self._written, self._left_out = 0, 0, 0

    def __call__(self, level: str, message: str, **fields: Any) -> None:
        """Write a line, unless the rate limit is exceeded."""
        second = int(time.monotonic())
        if second != self._second:
            if self._left_out:
                log("warning", f"{self._left_out} more such lines were left out")
            self._second, self._written, self._left_out = second, 0, 0
        if self._written == _A_SECOND:
            self._left_out += 1
            return
        self._written += 1
        log(level, message, **fields)


def trace_of(error: BaseException) -> str:
    """Return the traceback of an error, only its end if it is long."""
    return "".join(traceback.format_exception(error))[-_LONGEST:]


class _AsLines(logging.Handler):
    def __init__(self, write: LimitedLog) -> None:
        super().__init__(logging.WARNING)
        self._write_line = write

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        trace = {"traceback": trace_of(error)} if error else {}
        self._write_line(record.levelname.lower(), record.getMessage().strip(), **trace)


def adopt(name: str) -> None:
    """Write a library's warnings and errors, by its logger's name, as lines of this log."""
    logger = logging.getLogger(name)
    logger.addHandler(_AsLines(LimitedLog()))
    logger.propagate = False
