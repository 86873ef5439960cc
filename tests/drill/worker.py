"""Works on runs of a few steps, each of which leaves a line outside; so does what is known of it then.

`python -m tests.drill.worker URL NAME OUTSIDE`; ends when a line comes on its standard input.
"""

import sys
import uuid
from pathlib import Path

import anyio
import anyio.to_thread

import botbus
from tests.drill.outside import Outside

STEPS = ("fetch", "build", "ship")


async def work(url: str, name: str, outside: Outside) -> None:
    def carry_out(run: str, step: str) -> str:
        value = uuid.uuid4().hex
        outside.leave("did", run, step, value)
        return value

    @botbus.workflow("drill", version="1")
    async def drill(run: botbus.Run) -> list[str]:
        values: list[str] = []
        for step in STEPS:
            values.append(await run.step(step, carry_out, run.id, step))
            outside.leave("told", run.id, step, values[-1])
        return values

    async with botbus.connect(name, url=url, timeout=60) as bus:
        await bus.work(drill, concurrency=4)
        print("going", flush=True)
        await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)


if __name__ == "__main__":
    anyio.run(work, sys.argv[1], sys.argv[2], Outside(Path(sys.argv[3])))
