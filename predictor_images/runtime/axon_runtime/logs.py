"""One JSON object a line, on standard output."""

import sys
import time
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()


def log(level: str, message: str, **fields: Any) -> None:
    """Write a line: time (RFC 3339, UTC), level, message, and what else is known."""
    now = time.time()
    stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1000):03}Z"
    line = _encoder.encode({"time": stamp, "level": level, "message": message, **fields})
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
