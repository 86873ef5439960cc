"""Sends numbered messages, some direct and some to a channel, and notes each receipt.

`python -m tests.drill.producer URL NAME NOTES`; ends when a line comes on its standard input.
"""

import sys
from pathlib import Path

import anyio
import anyio.to_thread

import botbus

IN_FLIGHT = 1
CONSUMERS = 2


async def produce(url: str, name: str, notes: Path) -> None:
    with notes.open("a", buffering=1) as out:
        async with botbus.connect(name, url=url, timeout=60) as bus:

            async def send(lane: int) -> None:
                number = lane
                while True:
                    body = {"from": name, "number": number}
                    if number % 8 == 0:
                        receipt = await bus.publish("drill", body)
                    else:
                        receipt = await bus.send(f"consumer{number % CONSUMERS}", body)
                    out.write(f"{receipt.id} {receipt.seq}\n")
                    number += IN_FLIGHT

            async with anyio.create_task_group() as group:
                for lane in range(IN_FLIGHT):
                    group.start_soon(send, lane)
                print("going", flush=True)
                await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
                group.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(produce, sys.argv[1], sys.argv[2], Path(sys.argv[3]))
