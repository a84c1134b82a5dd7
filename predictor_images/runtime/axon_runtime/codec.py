"""Decoding and encoding of large bodies in threads, so that the event loop is not blocked."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

LARGE = 64 * 1024
"""Minimum number of bytes for decoding a body, or encoding a result, in a thread."""

_G = TypeVar("_G")
_T = TypeVar("_T")
_FEW = 16
_pool = ThreadPoolExecutor(2, thread_name_prefix="codec")


async def computed(function: Callable[[_G], _T], given: _G) -> _T:
    """Return the result of a function, computed in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_pool, function, given)


def size_of(result: Any) -> int:
    """Return the approximate number of bytes of a model's result: those of its arrays."""
    if isinstance(result, tuple) and len(cast("tuple[Any, ...]", result)) == 1:
        result = result[0]  # most saved models have one output
    size = getattr(result, "nbytes", None)
    if size is not None:
        return int(size)
    if isinstance(result, dict):
        return sum(map(size_of, cast("dict[Any, Any]", result).values()))
    if isinstance(result, list | tuple):
        # Of a long list of numbers only the length matters.
        return 8 * len(result) if len(result) > _FEW else sum(map(size_of, result))
    return 0
