"""Which models are loaded, and which are dropped for them."""

import asyncio
import gc
import threading
import weakref
from typing import Any

import pytest
from axon_runtime import model_cache
from axon_runtime.model_cache import ModelCache, ModelError
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.sampled_from("abcde")


class Loaded:
    """What stands for a loaded model."""

    def __init__(self, name: str) -> None:
        self.name = name


class Maker:
    """Loads models, and knows what it loaded; one whose gate is shut waits."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.gates: dict[str, threading.Event] = {}
        self.broken: set[str] = set()

    def __call__(self, name: str) -> Any:
        self.made.append(name)
        if name in self.gates:
            assert self.gates[name].wait(30)
        if name in self.broken:
            raise OSError(f"{name} is damaged\nin detail")
        return Loaded(name)


@given(st.lists(NAMES), st.integers(1, 5))
def test_the_models_asked_for_last_are_loaded(asked: list[str], limit: int) -> None:
    cache = ModelCache(Maker(), limit)

    async def ask() -> None:
        for name in asked:
            assert (await cache.get(name)).name == name  # type: ignore[attr-defined]

    asyncio.run(ask())

    last = list(dict.fromkeys(reversed(asked)))[:limit]
    assert cache.loaded == last[::-1]


@given(st.lists(NAMES, min_size=2, max_size=12), st.integers(1, 3))
def test_whoever_asks_at_once_is_answered_and_never_more_are_loaded(asked: list[str], limit: int) -> None:
    at_once: list[int] = []
    lock, now = threading.Lock(), 0

    def make(name: str) -> Any:
        nonlocal now
        with lock:
            now += 1
            at_once.append(now + len(cache.loaded))
        with lock:
            now -= 1
        return Loaded(name)

    cache = ModelCache(make, limit)

    async def ask() -> list[Any]:
        return await asyncio.gather(*(cache.get(name) for name in asked))

    assert [model.name for model in asyncio.run(ask())] == asked
    assert max(at_once) <= limit
    assert len(cache.loaded) <= limit


def test_a_model_that_many_ask_for_is_loaded_once() -> None:
    maker = Maker()
    cache = ModelCache(maker, 2)

    async def ask() -> list[Any]:
        return await asyncio.gather(*(cache.get("a") for _ in range(10)))

    assert len(set(asyncio.run(ask()))) == 1
    assert maker.made == ["a"]


def test_while_one_is_loaded_the_others_are_there() -> None:
    maker = Maker()
    gate = maker.gates["b"] = threading.Event()
    cache = ModelCache(maker, 2)

    async def ask() -> None:
        await cache.get("a")
        loading = asyncio.create_task(cache.get("b"))
        while "b" not in maker.made:
            await asyncio.sleep(0.001)
        assert (await cache.get("a")).name == "a"  # type: ignore[attr-defined]
        assert not loading.done()
        gate.set()
        await loading

    asyncio.run(ask())


def test_one_who_goes_while_a_model_is_loaded_takes_it_from_nobody() -> None:
    maker = Maker()
    gate = maker.gates["a"] = threading.Event()
    cache = ModelCache(maker, 1)

    async def ask() -> None:
        goes, stays = asyncio.create_task(cache.get("a")), asyncio.create_task(cache.get("a"))
        while not maker.made:
            await asyncio.sleep(0.001)
        goes.cancel()
        gate.set()
        assert (await stays).name == "a"  # type: ignore[attr-defined]

    asyncio.run(ask())


def test_a_model_that_cannot_be_loaded_takes_no_place_and_is_tried_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    maker = Maker()
    maker.broken.add("a")
    cache = ModelCache(maker, 1)

    async def ask() -> None:
        for _ in range(2):
            with pytest.raises(ModelError, match=r"^a is damaged$"):
                await cache.get("a")
        assert (await cache.get("b")).name == "b"  # type: ignore[attr-defined]
        assert cache.failure("a") == "a is damaged"
        maker.broken.clear()
        monkeypatch.setattr(model_cache, "RETRY_SECONDS", 0)
        assert (await cache.get("a")).name == "a"  # type: ignore[attr-defined]

    asyncio.run(ask())
    assert maker.made == ["a", "b", "a"]


def test_a_dropped_model_is_freed_once_nobody_uses_it() -> None:
    cache = ModelCache(Maker(), 1)

    async def ask() -> None:
        held = await cache.get("a")
        freed = weakref.ref(held)
        await cache.get("b")
        assert freed() is held
        del held
        gc.collect()
        assert freed() is None

    asyncio.run(ask())
