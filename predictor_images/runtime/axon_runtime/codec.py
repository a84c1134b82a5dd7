"""Decode and encode large bodies in threads: the event loop goes on meanwhile."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

LARGE = 64 * 1024
"""Bytes from which a body is decoded, or a result encoded, in a thread."""

_P = ParamSpec("_P")
_T = TypeVar("_T")
_pool = ThreadPoolExecutor(2, thread_name_prefix="codec")


async def computed(size: int, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Return what a function returns, computed in a thread if the size, in bytes, is large."""
    if size < LARGE:
        return function(*args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_pool, lambda: function(*args, **kwargs))


def size_of(result: Any) -> int:
    """Return about how many bytes a model's result has: those of its arrays."""
    if isinstance(result, Mapping):
        return sum(map(size_of, result.values()))
    if isinstance(result, list | tuple) and len(result) < 64:
        return sum(map(size_of, result))
    return int(getattr(result, "nbytes", 0))
