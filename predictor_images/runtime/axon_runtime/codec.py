"""Decode and encode large bodies in threads: the event loop goes on meanwhile."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

LARGE = 64 * 1024
"""Bytes from which a body is decoded, or a result encoded, in a thread."""

_G = TypeVar("_G")
_T = TypeVar("_T")
_FEW = 16
_pool = ThreadPoolExecutor(2, thread_name_prefix="codec")


async def computed(function: Callable[[_G], _T], given: _G) -> _T:
    """Return what a function returns, computed in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_pool, function, given)


def size_of(result: Any) -> int:
    """Return about how many bytes a model's result has: those of its arrays."""
    if isinstance(result, tuple) and len(cast("tuple[Any, ...]", result)) == 1:
        result = result[0]  # of most saved models
    size = getattr(result, "nbytes", None)
    if size is not None:
        return int(size)
    if isinstance(result, dict):
        return sum(map(size_of, cast("dict[Any, Any]", result).values()))
    if isinstance(result, list | tuple):
        # Of a long list of numbers, that they are many is all that counts.
        return 8 * len(result) if len(result) > _FEW else sum(map(size_of, result))
    return 0
