"""Steps that fail, take too long, are tried again, and give what cannot be stored."""

import asyncio
import logging
import time
from typing import Any

import anyio
import pytest
import sniffio

import botbus
from botbus.workflows import retrying, stepping
from tests.client.workflows.stage import SECONDS, staged, twice, until_free, until_step
from tests.daemons import DaemonProcess

pytestmark = pytest.mark.anyio


class Unreliable:
    """A step that fails a number of times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls: list[float] = []

    async def __call__(self) -> int:
        self.calls.append(time.monotonic())
        if len(self.calls) <= self.failures:
            raise ValueError(f"failure {len(self.calls)}")
        return len(self.calls)


async def test_a_step_is_tried_again(daemon: DaemonProcess) -> None:
    step = Unreliable(3)

    async def body(run: botbus.Run) -> int:
        return await run.step("tag", step, retries=3, backoff=0.01)

    async with staged(daemon, body) as stage:
        run = await stage.start()
        assert await run.result(SECONDS) == 4
        rows = await stage.bus.runs.steps(run.id)
    assert [(row.attempt, row.status, row.final, row.error) for row in rows] == [
        (1, "failed", False, "ValueError: failure 1"),
        (2, "failed", False, "ValueError: failure 2"),
        (3, "failed", False, "ValueError: failure 3"),
        (4, "completed", False, None),
    ]


async def test_a_step_that_has_failed_for_good_fails_the_same_on_replay(
    daemon: DaemonProcess,
) -> None:
    step = Unreliable(100)

    async def body(run: botbus.Run) -> Any:
        with pytest.raises(botbus.StepFailed) as caught:
            await run.step("tag", step, retries=2, backoff=0.01)
        error = caught.value
        return str(error), error.step, error.error, error.code, error.__cause__

    first, second = await twice(daemon, body)
    assert first == second
    assert first[0] == "step 'tag' failed: ValueError: failure 3"
    assert len(step.calls) == 3


async def test_a_step_that_fails_fails_its_run(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> None:
        await run.step("tag", Unreliable(1))

    async with staged(daemon, body) as stage:
        run = await stage.start()
        with pytest.raises(botbus.RunFailed, match="'tag' failed: ValueError: failure 1") as here:
            await run.result(SECONDS)
        assert here.value.run == run.id
        async with botbus.connect("watcher", url=daemon.url) as watcher:
            again = await watcher.start("play", key=None, id=run.id)
            assert not again.created
            with pytest.raises(botbus.RunFailed) as there:
                await again.result(SECONDS)
        assert str(here.value) == str(there.value)


async def test_an_attempt_has_a_time_limit(daemon: DaemonProcess) -> None:
    calls: list[int] = []

    async def slow() -> None:
        calls.append(1)
        await anyio.sleep(SECONDS)

    def slow_thread() -> None:
        calls.append(2)
        time.sleep(0.5)

    async def body(run: botbus.Run) -> Any:
        found = []
        for name, step in (("async", slow), ("thread", slow_thread)):
            with pytest.raises(botbus.StepTimeout) as caught:
                await run.step(name, step, timeout=0.1, retries=1, backoff=0.01)
            found.append(str(caught.value))
        return found

    first, second = await twice(daemon, body)
    assert first == second
    assert first[0] == "step 'async' failed: timeout: it took longer than 0.1 s"
    assert sorted(calls) == [1, 1, 2, 2]


async def test_a_timeout_of_its_own_is_a_failure_like_others(daemon: DaemonProcess) -> None:
    async def impatient() -> None:
        with anyio.fail_after(0.01):
            await anyio.sleep(SECONDS)

    async def body(run: botbus.Run) -> str:
        with pytest.raises(botbus.StepFailed) as caught:
            await run.step("tag", impatient, timeout=SECONDS)
        assert type(caught.value) is botbus.StepFailed
        return caught.value.error

    async with staged(daemon, body) as stage:
        assert await stage.play() == "TimeoutError"


async def test_a_long_backoff_needs_no_worker(
    daemon: DaemonProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stepping, "LONGEST_STAY", 0.0)
    monkeypatch.setattr(retrying, "derived_number", lambda _run, _name: 1.0)
    step = Unreliable(2)

    async def body(run: botbus.Run) -> list[Any]:
        return [run.attempt, await run.step("tag", step, retries=2, backoff=0.6)]

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await stage.until(run.id, "paused")
        await until_free(stage)
        assert await run.result(SECONDS) == [3, 3]
    first, second, third = step.calls
    assert 0.6 <= second - first < 1.2 <= third - second < 5


async def test_a_failure_of_the_bus_in_a_step_is_the_failure_of_the_step(
    daemon: DaemonProcess,
) -> None:
    async def body(run: botbus.Run) -> str:
        async def ask() -> None:
            raise botbus.LeaseLost("the delivery is somebody else's")

        try:
            await run.step("tag", ask)
        except botbus.StepFailed as error:
            return error.error
        return "nothing"

    async with staged(daemon, body) as stage:
        assert await stage.play() == "the delivery is somebody else's"


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (object(), "the result of step 'tag' has a object, which JSON cannot hold"),
        ({"a": float("nan")}, "nan, which JSON cannot hold"),
        (2**70, "the result of step 'tag' cannot be stored"),
        ("x" * 999_999, "1000000"),
        ("x" * 3_000_000, "send less at once"),
    ],
    ids=["object", "nan", "huge int", "too long for a step", "too long for a frame"],
)
async def test_a_result_that_cannot_be_stored_is_a_failure_with_a_sentence(
    daemon: DaemonProcess, result: Any, sentence: str
) -> None:
    async def give() -> Any:
        return result

    async def body(run: botbus.Run) -> str:
        with pytest.raises(botbus.StepFailed) as caught:
            await run.step("tag", give, retries=3)
        return caught.value.error

    first, second = await twice(daemon, body)
    assert first == second
    assert sentence in first


async def test_what_a_step_gives_must_be_as_annotated(daemon: DaemonProcess) -> None:
    def number() -> int:
        return "one"  # type: ignore[return-value] # on purpose

    async def body(run: botbus.Run) -> None:
        await run.step("tag", number)

    async with staged(daemon, body) as stage:
        with pytest.raises(botbus.RunFailed, match="not what its annotation says: Expected `int`"):
            await stage.play()


async def test_the_result_of_a_run_must_be_storable_too(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        return object() if run.input == "object" else float("inf")

    async with staged(daemon, body) as stage:
        with pytest.raises(botbus.RunFailed, match="the result of play has a object, which JSON"):
            await stage.play("object")
        with pytest.raises(botbus.RunFailed, match="inf, which JSON cannot hold"):
            await stage.play("infinity")


async def test_a_step_that_runs_for_long_is_seen(daemon: DaemonProcess) -> None:
    gate = anyio.Event()

    async def body(run: botbus.Run) -> None:
        await run.step("long", gate.wait)

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await until_step(stage.bus, run.id, "long", "running")
        assert "long" in await stage.bus.runs.why(run.id)
        gate.set()
        await run.result(SECONDS)
        (row,) = await stage.bus.runs.steps(run.id)
        assert (row.status, row.attempt) == ("completed", 1)


async def test_a_plain_function_can_see_that_its_run_was_cancelled(daemon: DaemonProcess) -> None:
    seen = anyio.Event()

    async def body(run: botbus.Run) -> None:
        def work() -> None:
            while not run.cancelled:
                time.sleep(0.01)
            anyio.from_thread.run_sync(seen.set)

        await run.step("work", work)

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await until_step(stage.bus, run.id, "work", "running")
        await run.cancel()
        with anyio.fail_after(SECONDS):
            await seen.wait()


async def test_a_task_that_is_cancelled_inside_a_step_fails_the_step(daemon: DaemonProcess) -> None:
    """It looks like a cancellation of the worker, and is none: the worker goes on."""

    async def careless() -> None:
        task = asyncio.ensure_future(asyncio.sleep(60))
        task.cancel()
        await task

    async def body(run: botbus.Run) -> str:
        if run.input == "body":
            await careless()
        if run.input == "step":
            await run.step("tag", careless)
        return "done"

    if sniffio.current_async_library() != "asyncio":
        return  # Trio has no such exception
    async with staged(daemon, body) as stage:
        for where in ("step", "body"):
            with pytest.raises(botbus.RunFailed, match="CancelledError"):
                await stage.play(where)
        assert await stage.play("no") == "done"


async def test_what_is_no_function_is_told(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> None:
        await run.step("tag", 5)  # type: ignore[call-overload] # as somebody may

    async with staged(daemon, body) as stage:
        with pytest.raises(botbus.RunFailed, match="step 'tag' is given a int: give it the func"):
            await stage.play()


async def test_an_error_that_is_no_text_of_utf8_is_stored(
    daemon: DaemonProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "botbus")  # pytest cannot pass on what is no UTF-8

    def broken() -> None:
        raise ValueError("a file named \udc80")

    async def body(run: botbus.Run) -> None:
        await run.step("tag", broken)

    async with staged(daemon, body) as stage:
        with pytest.raises(botbus.RunFailed, match=r"step 'tag' failed: .* named \\udc80"):
            await stage.play()
