"""Workers: how they begin and end, what they keep through restarts, and what they give back."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import anyio
import pytest

import botbus
from tests.client.workflows.stage import SECONDS, staged, until_status, until_step
from tests.daemons import DaemonProcess
from tests.waiting import until

pytestmark = pytest.mark.anyio


class SpecificError(Exception):
    """An error of somebody's own."""


async def test_an_error_of_the_body_comes_out_as_it_is(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> None:
        await run.step("long", anyio.sleep, 3600)

    async def fail(error: BaseException) -> None:
        async with staged(daemon, body) as stage:
            run = await stage.start()
            await until_step(stage.bus, run.id, "long", "running")
            raise error

    for error in (
        SpecificError("mine"),
        ExceptionGroup("mine", [SpecificError("mine")]),
        KeyError("k"),
    ):
        with pytest.raises(type(error)) as caught:
            await fail(error)
        assert caught.value is error


async def test_a_cancelled_body_is_cancelled(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> None:
        await run.step("long", anyio.sleep, 3600)

    with anyio.move_on_after(0.5) as scope:
        async with staged(daemon, body) as stage:
            await stage.start()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    async with anyio.create_task_group() as tasks:

        async def forever() -> None:
            async with botbus.connect("player", url=daemon.url):
                tasks.cancel_scope.cancel()
                await anyio.sleep_forever()

        tasks.start_soon(forever)


async def test_a_worker_that_leaves_gives_its_runs_back_at_once(daemon: DaemonProcess) -> None:
    calls: list[int] = []

    async def body(run: botbus.Run) -> int:
        async def wait() -> None:
            if run.attempt == 1:
                await anyio.sleep(3600)

        await run.step("first", calls.append, 1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run.step, "wait", wait)
            if run.input == "waits":
                tasks.start_soon(run.sleep, "nap", 0.3)
        return run.attempt

    for kind in ("works", "waits"):
        async with staged(daemon, body) as stage:
            run = await stage.start(kind)
            await until_step(stage.bus, run.id, "wait", "running")
        async with staged(daemon, body) as stage:
            ended = await stage.bus.runs.wait(run.id, SECONDS)
            assert (ended.status, ended.crashes) == ("completed", 0)
            assert ended.result >= 2
    assert calls == [1, 1]


async def test_a_worker_that_is_stopped_lets_its_runs_end(daemon: DaemonProcess) -> None:
    gate = anyio.Event()

    async def body(run: botbus.Run) -> str:
        await run.step("wait", gate.wait)
        return "done"

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await until_step(stage.bus, run.id, "wait", "running")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.worker.stop, SECONDS)
            await anyio.sleep(0.1)
            later = await stage.start()
            gate.set()
        await stage.worker.wait()
        assert await run.status() == "completed"
        assert await later.status() == "pending"
        await stage.worker.stop()


async def test_a_hung_step_keeps_its_lease_and_a_hung_loop_loses_it(daemon: DaemonProcess) -> None:
    calls: list[str] = []

    async def step(hang: bool) -> None:
        calls.append("step")
        if hang and len(calls) == 2:
            time.sleep(1.5)  # noqa: ASYNC251 - the loop hangs, that is the point
        else:
            await anyio.sleep(1.5)

    async def body(run: botbus.Run) -> int:
        await run.step("step", step, run.input)
        return run.attempt

    async with staged(daemon, body, lease=0.5) as stage:
        assert await stage.play(False) == 1
        assert await stage.play(True) == 2
    assert calls == ["step"] * 3


async def test_who_may_have_lost_a_run_asks_before_the_next_step(daemon: DaemonProcess) -> None:
    calls: list[int] = []

    async def body(run: botbus.Run) -> int:
        async def second() -> None:
            calls.append(run.attempt)

        await run.step("first", lambda: None)
        if run.attempt == 1:
            time.sleep(1.5)  # noqa: ASYNC251 - longer than the lease, and nobody can tell us
        await run.step("second", second)
        return run.attempt

    async with staged(daemon, body, lease=0.5) as stage:
        assert await stage.play() == 2
    assert calls == [2]


async def test_a_restarted_daemon_finds_its_worker_again(daemon: DaemonProcess) -> None:
    gate = anyio.Event()
    calls: list[str] = []

    async def hold() -> None:
        calls.append("hold")
        await gate.wait()

    async def body(run: botbus.Run) -> str:
        await run.step("first", calls.append, "first")
        await run.step("hold", hold)
        await run.sleep("nap", 0.6)
        await run.step("last", calls.append, "last")
        return "done"

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await until_step(stage.bus, run.id, "hold", "running")
        await anyio.to_thread.run_sync(daemon.kill)
        await anyio.to_thread.run_sync(daemon.start)
        gate.set()
        await until_step(stage.bus, run.id, "nap", "running")
        await stage.until(run.id, "paused")
        await anyio.to_thread.run_sync(daemon.stop)
        await anyio.to_thread.run_sync(daemon.start)
        assert await run.result(SECONDS) == "done"
    assert calls[0] == "first"
    assert calls[-1] == "last"
    assert calls.count("first") == calls.count("last") == 1
    assert 1 <= calls.count("hold") <= 2


async def test_a_worker_of_a_daemon_with_another_database_begins_anew(
    daemon: DaemonProcess,
) -> None:
    async def body(run: botbus.Run) -> str:
        return "done"

    async with staged(daemon, body, lease=0.6) as stage:
        await anyio.to_thread.run_sync(daemon.stop)
        for path in daemon.folder.glob("bus.db*"):
            path.unlink()
        await anyio.to_thread.run_sync(daemon.start)

        async def saved() -> bool:
            return bool(await stage.bus.workflows.list())

        await until(saved, SECONDS)
        async with botbus.connect("planner", url=daemon.url) as planner:
            assert await (await planner.start("play")).result(SECONDS) == "done"


MANY = 1050
"""Steps; more than come with a claim."""


async def test_many_steps_come_back_page_by_page(daemon: DaemonProcess) -> None:
    calls: list[int] = []

    async def step(n: int) -> int:
        calls.append(n)
        return n

    async def body(run: botbus.Run) -> int:
        total = 0
        for n in range(MANY):
            total += await run.step(f"step {n}", step, n)
        await run.approval("gate")
        return total

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await until_status(stage.bus, run.id, "paused")
        await stage.bus.runs.approve(run.id, "gate")
        assert await run.result(SECONDS) == sum(range(MANY))
    assert len(calls) == MANY


SCRIPT = """
import sys, anyio, botbus
@botbus.workflow("play")
async def play(run):
    await run.step("first", lambda: None)
    await run.step("hold", anyio.sleep, 3600)
async def main():
    async with botbus.connect("other", url=sys.argv[1]) as bus:
        await bus.work(play)
        print((await bus.start("play")).id, flush=True)
        await anyio.sleep_forever()
anyio.run(main)
"""


@pytest.fixture
def other(daemon: DaemonProcess) -> Iterator["subprocess.Popen[str]"]:
    """A program that works on `play`, and prints the id of the run that it has begun."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, daemon.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


async def test_a_run_is_taken_from_a_dead_worker_at_once(
    daemon: DaemonProcess, other: "subprocess.Popen[str]"
) -> None:
    taken: list[float] = []

    async def body(run: botbus.Run) -> str:
        taken.append(time.monotonic())
        await run.step("first", taken.clear)
        await run.step("hold", lambda: None)
        return "done"

    assert other.stdout is not None
    run = other.stdout.readline().strip()
    async with staged(daemon, body) as stage:
        await until_step(stage.bus, run, "hold", "running")
        killed = time.monotonic()
        other.kill()
        ended = await stage.bus.runs.wait(run, SECONDS)
        assert (ended.result, ended.attempt) == ("done", 2)
    assert taken[0] - killed < 1.0


async def test_an_interrupted_program_gives_its_runs_back(
    daemon: DaemonProcess, other: "subprocess.Popen[str]"
) -> None:
    assert other.stdout is not None
    assert other.stderr is not None
    run = other.stdout.readline().strip()
    async with botbus.connect("watcher", url=daemon.url) as bus:
        await until_step(bus, run, "hold", "running")
        other.send_signal(signal.SIGINT)
        errors = await anyio.to_thread.run_sync(other.stderr.read)
        await until_status(bus, run, "pending")
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert "Group" not in errors
    assert "Exception ignored" not in errors


async def test_a_workflow_that_is_given_is_not_one_of_the_same_name(
    daemon: DaemonProcess,
) -> None:
    """By name, what a bot has saved for itself would be meant; nobody works on that."""

    @botbus.workflow("twin")
    async def twin(run: botbus.Run) -> str:
        return "done"

    async with (
        botbus.connect("worker", url=daemon.url) as bus,
        botbus.connect("starter", url=daemon.url) as starter,
    ):
        for one in (bus, starter):
            await one.workflows.save({"name": "twin", "concurrency": 1})
        with pytest.raises(botbus.NotFound):
            await starter.start(twin)
        await bus.work(twin)
        for one in (bus, starter):
            run = await one.start(twin)
            assert await run.result(SECONDS) == "done"
        alone = await starter.start("twin")
        said = await starter.runs.why(alone.id)
        assert "works on this workflow 'twin' (only on that of all bots, which is another" in said
