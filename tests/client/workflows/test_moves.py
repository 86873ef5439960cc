"""Runs that are moved from outside, and who may work on which."""

from typing import Any

import anyio
import pytest

import botbus
from botbus.workflows.execution import Execution
from botbus_protocol.records import Step
from tests.client.workflows.stage import SECONDS, staged, until_free, until_status, until_step
from tests.daemons import DaemonProcess

pytestmark = pytest.mark.anyio


async def test_cancelling_a_run_stops_its_function(daemon: DaemonProcess) -> None:
    stopped = anyio.Event()

    async def long() -> None:
        try:
            await anyio.sleep(3600)
        finally:
            stopped.set()

    async def body(run: botbus.Run) -> None:
        await run.step("long", long)

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await until_step(stage.bus, run.id, "long", "running")
        await run.cancel()
        with anyio.fail_after(SECONDS):
            await stopped.wait()
        with pytest.raises(botbus.RunCancelled):
            await run.result(SECONDS)
        assert await run.status() == "cancelled"


async def test_a_function_that_holds_on_to_its_run_does_not_get_far(daemon: DaemonProcess) -> None:
    after: list[str] = []

    async def stubborn(run: botbus.Run) -> str:
        try:
            await run.step("long", anyio.sleep, 3600)
        finally:
            with anyio.CancelScope(shield=True):
                await run.step("clean up", after.append, "cleaned up")
        return "done"

    async with staged(daemon, stubborn) as stage:
        run = await stage.start()
        await until_step(stage.bus, run.id, "long", "running")
        await run.cancel()

        await until_free(stage)
        assert await run.status() == "cancelled"
    assert after == []


async def test_a_pause_lets_the_step_end_first(daemon: DaemonProcess) -> None:
    gate, begun = anyio.Event(), anyio.Event()
    calls: list[str] = []

    async def first() -> None:
        calls.append("first")
        begun.set()
        await gate.wait()

    async def body(run: botbus.Run) -> str:
        await run.step("first", first)
        await run.step("second", calls.append, "second")
        return "done"

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await begun.wait()
        await run.pause()  # before the daemon was told of the step
        await until_step(stage.bus, run.id, "first", "running")
        assert await run.status() == "running"
        gate.set()
        await stage.until(run.id, "paused")
        assert calls == ["first"]
        await run.resume()
        assert await run.result(SECONDS) == "done"
    assert calls == ["first", "second"]


async def test_a_run_that_waits_can_be_paused(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> bool:
        return (await run.approval("publish")).approved

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await stage.until(run.id, "paused")
        await run.pause()
        await stage.bus.runs.approve(run.id, "publish")
        assert (await run.get()).held
        await run.resume()
        assert await run.result(SECONDS) is True


async def test_the_same_key_is_the_same_run(daemon: DaemonProcess) -> None:
    calls: list[int] = []

    async def count() -> int:
        calls.append(1)
        return len(calls)

    async def body(run: botbus.Run) -> int:
        return await run.step("count", count)

    async with staged(daemon, body) as stage:
        first = await stage.start(key="release-1.2")
        assert await first.result(SECONDS) == 1
        again = await stage.start(key="release-1.2")
        assert (again.id, again.created, first.created) == (first.id, False, True)
        assert await again.result(SECONDS) == 1


async def test_a_worker_runs_as_many_at_a_time_as_it_may(daemon: DaemonProcess) -> None:
    now, most = 0, 0

    async def work() -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await anyio.sleep(0.02)
        now -= 1

    async def body(run: botbus.Run) -> None:
        for n in range(3):
            await run.step(f"work {n}", work)

    async with staged(daemon, body, concurrency=3) as stage:
        runs = [await stage.start() for _ in range(12)]
        for run in runs:
            await run.result(SECONDS)
    assert most == 3


async def test_runs_of_a_key_go_one_after_the_other(daemon: DaemonProcess) -> None:
    order: list[Any] = []

    async def body(run: botbus.Run) -> None:
        await run.step("begin", order.append, ("begin", run.input))
        await run.sleep("nap", 0.05)
        await run.step("end", order.append, ("end", run.input))

    async with staged(daemon, body) as stage:
        runs = [await stage.start(n, concurrency_key="repo") for n in range(4)]
        for run in runs:
            await run.result(SECONDS)
    assert order == [(what, n) for n in range(4) for what in ("begin", "end")]


async def test_a_run_can_be_put_off(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> str:
        return "done"

    async with staged(daemon, body) as stage:
        began = anyio.current_time()
        run = await stage.start(delay=0.4)
        assert await run.status() == "pending"
        assert await run.result(SECONDS) == "done"
        assert anyio.current_time() - began >= 0.4


async def test_another_version_leaves_the_run_alone(daemon: DaemonProcess) -> None:
    @botbus.workflow("release", version="1.0")
    async def one(run: botbus.Run) -> str:
        await run.approval("go")
        return "by one"

    @botbus.workflow("release", version="2.0")
    async def two(run: botbus.Run) -> str:
        return "by two"

    async with botbus.connect("old", url=daemon.url) as bus:
        await bus.work(one)
        run = await bus.start("release")
        await until_status(bus, run.id, "paused")
    async with botbus.connect("new", url=daemon.url) as bus:
        await bus.work(two)
        assert await (await bus.start("release")).result(SECONDS) == "by two"
        await bus.runs.approve(run.id, "go")
        assert "1.0" in await bus.runs.why(run.id)
        assert (await bus.runs.get(run.id)).status == "pending"
        async with botbus.connect("old", url=daemon.url) as old:
            await old.work(one)
            ended = await bus.runs.wait(run.id, SECONDS)
            assert (ended.result, ended.version) == ("by one", "1.0")


async def test_a_definition_that_was_saved_by_hand_is_kept(daemon: DaemonProcess) -> None:
    @botbus.workflow("release", version="1.0", timeout=60)
    async def release(run: botbus.Run) -> None: ...

    async with botbus.connect("player", url=daemon.url) as bus:
        by_hand = {"name": "release", "version": "1.0", "team": "core", "concurrency": 3}
        saved = await bus.workflows.save(by_hand, owner_type="global")
        await bus.work(release)
        after = await bus.workflows.get(saved.id)
        assert after.definition == {**by_hand, "timeout_secs": 60}
        await bus.work(release)
        assert (await bus.workflows.get(saved.id)).updated_at == after.updated_at


async def test_nobody_waits_for_ever(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> None:
        await run.approval("go")

    async with staged(daemon, body) as stage:
        run = await stage.start()
        with pytest.raises(botbus.Timeout, match=r"has not ended within 0\.2 s: it goes on"):
            await run.result(0.2)
        with pytest.raises(botbus.Timeout, match=r"has not ended within 0\.2 s: it goes on"):
            await stage.bus.runs.wait(run.id, 0.2)


async def test_what_comes_while_a_run_is_let_go_is_not_lost(
    daemon: DaemonProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = anyio.Event()
    let_go, arrived = Execution._let_go, Execution.arrived

    async def late(execution: Execution) -> None:
        if not came.is_set():
            async with botbus.connect("boss", url=daemon.url) as boss:
                await boss.runs.approve(execution.record.id, "publish")
            await came.wait()
        await let_go(execution)

    def heard(execution: Execution, step: Step) -> None:
        arrived(execution, step)
        came.set()

    monkeypatch.setattr(Execution, "_let_go", late)
    monkeypatch.setattr(Execution, "arrived", heard)

    async def body(run: botbus.Run) -> None:
        async def publish() -> None:
            await run.approval("publish")
            await run.step("published", lambda: None)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(publish)
            tasks.start_soon(run.approval, "something else")

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await until_step(stage.bus, run.id, "published", "completed")
        await stage.bus.runs.approve(run.id, "something else")
        await run.result(SECONDS)
