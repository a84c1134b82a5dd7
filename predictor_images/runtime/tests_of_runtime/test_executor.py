"""Batches of what waits: who runs with whom, who waits for whom, and whose error is whose."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from axon_runtime.call import Call, Failed
from axon_runtime.executor import BatchExecutor
from axon_runtime.http import Answer
from hypothesis import given
from hypothesis import strategies as st


def encode(result: Any) -> Answer:
    raise AssertionError("an executor encodes nothing")


class Executor(BatchExecutor):
    """An executor of numbers."""

    def __init__(self, run: Callable[[Sequence[Any]], Sequence[Any]], **told: Any) -> None:
        super().__init__(lambda calls: run([call.input for call in calls]), **told)

    def submit(self, value: Any, size: int = 0) -> "asyncio.Task[Any]":
        return asyncio.ensure_future(self.run(Call(value, 1, encode), size))

    def at_once(self, value: Any) -> Any:
        """Return the result of what runs as it comes: without a turn of the loop."""
        with pytest.raises(StopIteration) as ended:
            self.run(Call(value, 1, encode)).send(None)
        return ended.value.value


def double(batch: Sequence[int]) -> list[int]:
    return [value * 2 for value in batch]


class Slow:
    """A model that runs until it is let go, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.go = threading.Event()

    def __call__(self, batch: Sequence[Any]) -> list[Any]:
        self.batches.append(list(batch))
        assert self.go.wait(10)
        return list(batch)


def run(scenario: Callable[[], Awaitable[Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(_awaited(scenario), 10))


async def _awaited(scenario: Callable[[], Awaitable[Any]]) -> Any:
    return await scenario()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


@given(st.lists(st.integers(), max_size=100), st.integers(1, 10))
def test_each_request_gets_its_own_result_in_its_own_order(values: list[int], size: int) -> None:
    async def scenario() -> list[int]:
        executor = Executor(double, max_batch_size=size)
        results = await asyncio.gather(*(executor.submit(value) for value in values))
        executor.close()
        return results

    assert run(scenario) == [value * 2 for value in values]


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 7))
def test_an_error_is_its_requests_own(wrong: list[bool], size: int) -> None:
    def some(batch: Sequence[bool]) -> list[Any]:
        return [Failed(ValueError("wrong")) if is_wrong else "right" for is_wrong in batch]

    async def scenario() -> list[Any]:
        executor = Executor(some, max_batch_size=size)
        results = await asyncio.gather(*(executor.submit(w) for w in wrong), return_exceptions=True)
        executor.close()
        return results

    assert [isinstance(result, Failed) for result in run(scenario)] == wrong


def test_what_waits_while_a_batch_runs_is_run_together() -> None:
    model = Slow()

    async def scenario() -> None:
        executor = Executor(model, max_batch_size=8)
        first = executor.submit(0)
        await until(lambda: model.batches == [[0]])
        others = [executor.submit(value) for value in range(1, 11)]
        model.go.set()
        await asyncio.gather(first, *others)
        executor.close()

    run(scenario)

    assert model.batches == [[0], [1, 2, 3, 4, 5, 6, 7, 8], [9, 10]]


def test_a_lone_request_does_not_wait_for_others() -> None:
    async def scenario() -> int:
        executor = Executor(double, max_batch_size=8, batch_interval=60)
        result = await executor.submit(1)
        executor.close()
        return result

    assert run(scenario) == 2


def test_requests_wait_for_the_interval_while_others_are_there() -> None:
    model = Slow()
    model.go.set()

    async def scenario() -> None:
        executor = Executor(model, max_batch_size=3, batch_interval=60)
        two = [executor.submit(1), executor.submit(2)]
        for _ in range(20):  # turns of the loop, in each of which they could have been taken
            await asyncio.sleep(0)
        assert model.batches == [], "two are less than a batch, and the interval is not over"
        await asyncio.gather(*two, executor.submit(3))
        executor.close()

    run(scenario)

    assert model.batches == [[1, 2, 3]]


def test_a_request_whose_client_has_gone_is_not_run() -> None:
    model = Slow()

    async def scenario() -> None:
        executor = Executor(model, max_batch_size=1)
        first, second, third = executor.submit(1), executor.submit(2), executor.submit(3)
        await until(lambda: model.batches == [[1]])
        second.cancel()
        model.go.set()
        await asyncio.gather(first, third)
        executor.close()

    run(scenario)

    assert model.batches == [[1], [3]]


def test_a_model_that_fails_as_a_whole_fails_its_batch_and_no_other() -> None:
    def fails_once(batch: Sequence[int], calls: list[int] = []) -> list[int]:  # noqa: B006
        calls.append(len(batch))
        if len(calls) == 1:
            raise RuntimeError("out of memory")
        return list(batch)

    async def scenario() -> int:
        executor = Executor(fails_once, max_batch_size=4)
        failed = await executor.submit(1)
        assert isinstance(failed.error, RuntimeError)
        result = await executor.submit(2)
        executor.close()
        return result

    assert run(scenario) == 2


def test_a_slow_model_leaves_the_event_loop_free() -> None:
    model = Slow()

    async def scenario() -> None:
        executor = Executor(model, max_batch_size=1)
        running = executor.submit(1)
        await until(lambda: model.batches == [[1]])
        await asyncio.sleep(0)  # the loop turns while the model runs
        assert not running.done()
        model.go.set()
        await running
        executor.close()

    run(scenario)


def test_a_model_that_is_known_to_be_quick_runs_without_a_thread() -> None:
    threads: set[int] = set()

    def quick(batch: Sequence[int]) -> list[int]:
        threads.add(threading.get_ident())
        return list(batch)

    async def scenario() -> None:
        executor = Executor(quick, max_batch_size=1)
        for _ in range(10):  # the first is slower than it will be
            await executor.submit(1)
        threads.clear()
        await executor.submit(2)
        assert threads == {threading.get_ident()}
        executor.close()

    run(scenario)


async def one_by_one(executor: Executor, count: int) -> None:
    for value in range(count):
        await executor.submit(value)
        await asyncio.sleep(0)  # the next comes in a turn of its own


def test_a_quick_models_request_is_run_as_it_comes_where_all_come_alone() -> None:
    async def scenario() -> None:
        executor = Executor(double, max_batch_size=8)
        await one_by_one(executor, 30)
        assert executor.at_once(4) == 8
        executor.close()

    run(scenario)


def test_requests_that_come_together_are_run_together_though_all_before_came_alone() -> None:
    batches: list[list[int]] = []

    def remember(batch: Sequence[int]) -> list[int]:
        batches.append(list(batch))
        return list(batch)

    async def scenario() -> None:
        executor = Executor(remember, max_batch_size=8)
        await one_by_one(executor, 30)
        batches.clear()
        for turn in range(2):
            together = [executor.submit(10 * turn + value) for value in range(4)]
            assert await asyncio.gather(*together) == [10 * turn + value for value in range(4)]
        executor.close()

    run(scenario)

    assert batches == [[0], [1, 2, 3], [10, 11, 12, 13]], "the first cannot know; the second turn's can"


def test_an_error_of_a_request_that_is_run_as_it_comes_is_its_own() -> None:
    def picky(batch: Sequence[int]) -> list[Any]:
        return [Failed(ValueError("wrong")) if value < 0 else value for value in batch]

    async def scenario() -> None:
        executor = Executor(picky, max_batch_size=8)
        await one_by_one(executor, 30)
        wrong = executor.at_once(-1)
        assert isinstance(wrong.error, ValueError)
        assert await executor.submit(1) == 1
        executor.close()

    run(scenario)


def test_what_was_given_up_leaves_the_queue_at_once() -> None:
    model = Slow()

    async def scenario() -> None:
        executor = Executor(model, max_batch_size=1)
        first, second = executor.submit(1), executor.submit(bytes(1000))
        await until(lambda: model.batches == [[1]])
        assert executor.waiting == 1
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        assert executor.waiting == 0, "its body would wait with it"
        model.go.set()
        await first
        executor.close()

    run(scenario)


def test_a_call_that_runs_though_it_was_given_up_is_known() -> None:
    model = Slow()

    async def scenario() -> None:
        executor = Executor(model, max_batch_size=1)
        given_up = executor.submit(1)
        await until(lambda: model.batches == [[1]])
        assert executor.running.abandoned() == 0
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        assert executor.running.abandoned() == 1
        assert executor.running.oldest() > 0
        model.go.set()
        await until(lambda: executor.running.oldest() == 0)
        executor.close()

    run(scenario)


@pytest.mark.parametrize(
    "raised", [StopIteration(), SystemExit(1), asyncio.CancelledError(), KeyboardInterrupt(), BaseException()]
)
def test_whatever_a_model_raises_is_the_requests_own(raised: BaseException) -> None:
    def fails(batch: Sequence[int]) -> list[int]:
        if 0 in batch:
            raise raised
        return list(batch)

    async def scenario() -> None:
        executor = Executor(fails, max_batch_size=1)
        assert (await executor.submit(0)).error is raised
        assert await executor.submit(1) == 1
        executor.close()

    run(scenario)


def test_a_model_whose_run_takes_longer_with_more_rows_leaves_the_event_loop_for_them() -> None:
    threads: dict[int, int] = {}

    def remember(calls: Sequence[Call]) -> list[int]:
        threads[calls[0].rows] = threading.get_ident()
        return [0]

    async def scenario() -> None:
        executor = BatchExecutor(remember, max_batch_size=1)
        for rows in (1, 1, 1, 2**20):
            await executor.run(Call(0, rows, encode))
        assert threads[1] == threading.get_ident()
        assert threads[2**20] != threading.get_ident(), "nobody knows yet how long so many take"
        threads.clear()
        await executor.run(Call(0, 1, encode), size=10**6)
        assert threads[1] != threading.get_ident(), "one row of a megabyte is not one of a few numbers"
        executor.close()

    run(scenario)
