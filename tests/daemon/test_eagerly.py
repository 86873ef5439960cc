"""Coroutines that begin at once."""

import asyncio

import pytest

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
