"""Branches of one run, side by side."""

import anyio
import pytest

import botbus
from tests.client.workflows.stage import SECONDS, staged, twice, until_step
from tests.daemons import DaemonProcess

pytestmark = pytest.mark.anyio


async def test_branches_run_side_by_side(daemon: DaemonProcess) -> None:
    met = [anyio.Event(), anyio.Event()]

    async def meet(number: int) -> int:
        met[number].set()
        with anyio.fail_after(SECONDS):
            await met[1 - number].wait()
        return number

    async def body(run: botbus.Run) -> list[int]:
        found: dict[int, int] = {}

        async def branch(number: int) -> None:
            found[number] = await run.step(f"meet {number}", meet, number)
            await run.sleep(f"nap {number}", 0.3 * (number + 1))
            found[number] += await run.step(f"add {number}", lambda: 10)

        async with anyio.create_task_group() as tasks:
            for number in range(2):
                tasks.start_soon(branch, number)
        return [found[0], found[1]]

    first, second = await twice(daemon, body)
    assert first == second == [10, 11]


async def test_one_branch_works_while_another_waits(daemon: DaemonProcess) -> None:
    """The run stays in its worker as long as somebody works in it."""
    gate = anyio.Event()
    calls: list[int] = []

    async def long() -> None:
        calls.append(1)
        await gate.wait()

    async def body(run: botbus.Run) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run.step, "long", long)
            tasks.start_soon(run.approval, "publish")

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await until_step(stage.bus, run.id, "publish", "waiting_approval")
        await until_step(stage.bus, run.id, "long", "running")
        await anyio.sleep(0.3)
        assert await run.status() == "running"
        gate.set()
        await stage.until(run.id, "paused")
        await stage.bus.runs.approve(run.id, "publish")
        await run.result(SECONDS)
    assert calls == [1]
