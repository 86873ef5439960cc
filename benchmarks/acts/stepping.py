"""Workflows: runs of ten steps, and a run whose worker dies in the middle of a step.

Whoever starts the runs and the worker that performs them share a process, as they do in the peers.
"""

import asyncio
from collections.abc import Awaitable, Callable

import botbus
from benchmarks.acts.delivering import PATIENCE
from benchmarks.bodies import now
from benchmarks.figures import Measured
from benchmarks.players import Ready
from benchmarks.runs import WORKFLOW
from benchmarks.steps import STEPS, in_steps, step

HELD = "held"


@botbus.workflow(WORKFLOW, version="1.0.0")
async def ten_steps(run: botbus.Run) -> int:
    for number in range(STEPS):
        await run.step(f"step-{number}", step, number)
    return STEPS


async def work(ready: Ready, url: str, runs: int, at_once: int) -> Measured:
    """Starts runs, so many at any time, performs them, and awaits what they return."""
    async with botbus.connect("worker", url=url) as bus:
        await bus.work(ten_steps, concurrency=at_once)

        async def start_and_await() -> None:
            run = await bus.start(WORKFLOW, {})
            await run.result(timeout=PATIENCE)

        ready()
        return await in_steps(start_and_await, runs, at_once)


def held(hold: Callable[[], Awaitable[None]]) -> botbus.Workflow[None]:
    """A workflow of one step."""

    @botbus.workflow(HELD, version="1.0.0")
    async def run_held(run: botbus.Run) -> None:
        await run.step("hold", hold)

    return run_held


async def begin_and_hang(ready: Ready, url: str, key: str) -> Measured:
    """Starts a run; ready when its step has begun, which never ends."""

    async def hang() -> None:
        ready()
        await asyncio.Event().wait()

    async with botbus.connect("first", url=url) as bus:
        await bus.work(held(hang), concurrency=1)
        run = await bus.start(HELD, {}, key=key)
        await run.result(timeout=PATIENCE)
    return {}


async def take_over(ready: Ready, url: str, key: str) -> Measured:
    """Waits as a worker for that run; `begin` is when its step begins here."""
    begun: list[int] = []

    async def note() -> None:
        begun.append(now())

    async with botbus.connect("second", url=url) as bus:
        await bus.work(held(note), concurrency=1)
        run = await bus.start(HELD, {}, key=key)
        ready()
        await run.result(timeout=PATIENCE)
    return {"begin": begun[0]}
