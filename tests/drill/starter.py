"""Starts runs, waits for each one's end, and notes its id and what came of it.

`python -m tests.drill.starter URL NAME NOTES`; when a line has come on its standard input it waits for
the runs that it has begun, and ends.
"""

import json
import sys
from pathlib import Path

import anyio
import anyio.to_thread

import botbus

AT_A_TIME = 2
SECONDS = 60.0


async def start(url: str, name: str, notes: Path) -> None:
    told = anyio.Event()
    with notes.open("a", buffering=1) as out:
        async with botbus.connect(name, url=url, timeout=60) as bus:

            async def start_one_after_the_other(lane: int) -> None:
                number = lane
                while not told.is_set():
                    run = await bus.start("drill", {"number": number}, key=f"drill-{number}")
                    result = await run.result(timeout=SECONDS)
                    out.write(f"{run.id} {json.dumps(result)}\n")
                    number += AT_A_TIME

            async with anyio.create_task_group() as group:
                for lane in range(AT_A_TIME):
                    group.start_soon(start_one_after_the_other, lane)
                print("going", flush=True)
                await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
                told.set()


if __name__ == "__main__":
    anyio.run(start, sys.argv[1], sys.argv[2], Path(sys.argv[3]))
