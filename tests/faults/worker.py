"""A worker as a process of its own: `python -m tests.faults.worker URL EFFECTS [STOP_AT]`.

Its workflow has three steps; each leaves two lines in an outside file, one at its beginning and one at
its end. At the point named STOP_AT (`before:N` between two steps, `within:N` between the two lines of a
step) it says so and waits for a line on its standard input, or for its end.
"""

import os
import sys
from pathlib import Path

import anyio
import anyio.to_thread

import botbus

STEPS = 3
POINTS = [f"{where}:{n}" for n in range(STEPS) for where in ("before", "within")] + [
    f"before:{STEPS}"
]
"""Every point at which a worker can be stopped; the last one lies between the last step and the end."""
LEASE = 2.0


class Gate:
    """Where this process stops, once."""

    def __init__(self, point: str) -> None:
        self._point = point

    async def pass_by(self, point: str) -> None:
        if point != self._point:
            return
        self._point = ""
        print("there", flush=True)
        await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)


class Effects:
    """The outside file: what a step does to the world."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def leave(self, run: str, what: str) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(descriptor, f"{run} {what} {os.getpid()}\n".encode())
        finally:
            os.close(descriptor)


async def work(url: str, effects: Effects, gate: Gate) -> None:
    async def step(run: str, number: int) -> int:
        effects.leave(run, f"begin:{number}")
        await gate.pass_by(f"within:{number}")
        effects.leave(run, f"end:{number}")
        return number * 10

    @botbus.workflow("drill", version="1")
    async def drill(run: botbus.Run) -> list[int]:
        done: list[int] = []
        for number in range(STEPS):
            await gate.pass_by(f"before:{number}")
            done.append(await run.step(f"step{number}", step, run.id, number))
        await gate.pass_by(f"before:{STEPS}")
        return done

    async with botbus.connect("driller", url=url, timeout=30) as bus:
        worker = await bus.work(drill, concurrency=4, lease=LEASE)
        print("working", flush=True)
        await worker.wait()


if __name__ == "__main__":
    point = sys.argv[3] if len(sys.argv) > 3 else ""
    anyio.run(work, sys.argv[1], Effects(Path(sys.argv[2])), Gate(point))
