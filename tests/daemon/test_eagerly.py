"""Coroutines that begin at once."""

import asyncio
from types import SimpleNamespace

import pytest

from botbus_daemon.current import Request, named
from botbus_daemon.eagerly import begin


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_what_never_waits_is_done_at_once() -> None:
    async def work() -> int:
        return 1

    done: list[int] = []
    assert begin(work(), done.append) is None
    assert done == [1]


async def test_what_waits_goes_on_as_a_task() -> None:
    first: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    second: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> int:
        begun.append(True)
        number = await first
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
            return number + await asyncio.shield(second)

    begun: list[bool] = []
    done: list[int] = []
    task = begin(work(), done.append)
    assert task is not None
    assert begun == [True]
    first.set_result(1)
    second.set_result(2)
    await task
    assert done == [3]


async def test_it_hears_what_it_awaited_fail() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await future
        except KeyError as error:
            return str(error)
        return "nothing"

    done: list[str] = []
    task = begin(work(), done.append)
    assert task is not None
    future.set_exception(KeyError("why"))
    await task
    assert done == ["'why'"]


async def test_it_hears_that_it_is_cancelled() -> None:
    told: list[str] = []

    async def work() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            told.append("first")
            await asyncio.sleep(0)
            told.append("second")

    task = begin(work(), lambda _: told.append("done"))
    assert task is not None
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == ["first", "second"]


async def test_an_error_at_once_is_raised_at_once() -> None:
    async def work() -> None:
        raise KeyError("why")

    with pytest.raises(KeyError):
        begin(work(), lambda _: None)


async def test_the_request_is_the_current_one_in_every_step_and_in_no_other() -> None:
    request = Request(SimpleNamespace(peer=SimpleNamespace(pid=7)), 3)
    loop = asyncio.get_running_loop()
    gate: asyncio.Future[None] = loop.create_future()
    seen: list[str] = []

    def others() -> None:
        seen.append(f"others:{named()}")

    async def work() -> None:
        seen.append(named())
        loop.call_soon(others)
        await gate
        seen.append(named())
        loop.call_soon(others)
        await asyncio.sleep(0)
        seen.append(named())

    def then(_: None) -> None:
        seen.append(named())

    task = begin(work(), then, request)
    assert task is not None
    assert named() == ""
    gate.set_result(None)
    await task
    assert sorted(seen) == ["7.3"] * 4 + ["others:"] * 2
    assert named() == ""


async def test_a_request_that_begins_within_another_gives_its_place_back() -> None:
    def request(number: int) -> Request:
        return Request(SimpleNamespace(peer=SimpleNamespace(pid=7)), number)

    seen: list[str] = []

    async def work() -> None:
        seen.append(named())

    def then(_: None) -> None:
        begin(work(), lambda _: seen.append(named()), request(2))
        seen.append(named())

    begin(work(), then, request(1))
    assert seen == ["7.1", "7.2", "7.2", "7.1"]
