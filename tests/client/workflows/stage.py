"""What the tests of workflows share: a bus with a worker, repeated runs, and what to wait for."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio

import botbus
from botbus.workflows.worker import Worker
from tests.daemons import DaemonProcess
from tests.waiting import until

SECONDS = 20.0

Body = Callable[[botbus.Run], Awaitable[Any]]


class Staged:
    """A bus whose worker works on one workflow, `play`, that calls a body."""

    def __init__(self, bus: botbus.Bus, worker: Worker) -> None:
        self.bus = bus
        self.worker = worker

    async def start(self, input: Any = None, **options: Any) -> botbus.RunHandle[Any]:  # noqa: A002
        return await self.bus.start("play", input, **options)

    async def play(self, input: Any = None, **options: Any) -> Any:  # noqa: A002
        """The result of a run."""
        return await (await self.start(input, **options)).result(SECONDS)

    async def until(self, run: str, status: str) -> None:
        await until_status(self.bus, run, status)


@asynccontextmanager
async def staged(
    daemon: DaemonProcess, body: Body, name: str = "player", **options: Any
) -> AsyncIterator[Staged]:
    @botbus.workflow("play")
    async def play(run: botbus.Run) -> Any:
        return await body(run)

    async with botbus.connect(name, url=daemon.url, timeout=SECONDS) as bus:
        yield Staged(bus, await bus.work(play, **options))


async def until_free(stage: Staged) -> None:
    """Until no run is in the worker's hands; it hears of that after the daemon knows."""

    async def free() -> bool:
        return not stage.worker.running

    await until(free)


async def until_status(bus: botbus.Bus, run: str, status: str) -> None:
    async def reached() -> bool:
        return (await bus.runs.get(run)).status == status

    await until(reached, SECONDS)


async def until_step(bus: botbus.Bus, run: str, step: str, status: str) -> None:
    async def reached() -> bool:
        return any(s.step_id == step and s.status == status for s in await bus.runs.steps(run))

    await until(reached, SECONDS)


async def twice(
    daemon: DaemonProcess,
    body: Body,
    input: Any = None,  # noqa: A002
    *,
    also: botbus.Workflow[Any] | None = None,
) -> tuple[Any, Any]:
    """What a body gives on its first run, and on the replay after everybody had let go of the run."""
    passes: list[Any] = []

    async def repeated(run: botbus.Run) -> None:
        passes.append(await body(run))
        assert (await run.approval("gate")).approved

    async with staged(daemon, repeated) as stage:
        if also is not None:
            await stage.bus.work(also, concurrency=1)
        run = await stage.start(input)
        await until_step(stage.bus, run.id, "gate", "waiting_approval")
        await stage.until(run.id, "paused")
        await stage.bus.runs.approve(run.id, "gate")
        with anyio.fail_after(SECONDS):
            await run.result()
    first, second = passes
    return first, second
