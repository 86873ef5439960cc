"""Takes deliveries, acks most and naks some, and notes each ack that the daemon has confirmed.

`python -m tests.drill.consumer URL NAME NOTES`; ends when its mailbox has been empty for a while after
a line came on its standard input.
"""

import sys
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread

import botbus

NAK_EVERY = 17
QUIET = 1.5


async def consume(url: str, name: str, notes: Path) -> None:
    told = anyio.Event()

    async def listen_for_end() -> None:
        await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
        told.set()

    with notes.open("a", buffering=1) as out:
        async with (
            botbus.connect(name, url=url, timeout=60) as bus,
            anyio.create_task_group() as group,
        ):
            await bus.subscribe("drill", start="first")
            group.start_soon(listen_for_end)
            print("going", flush=True)
            while True:
                deliveries = await bus.fetch(max=32, wait=QUIET)
                if not deliveries and told.is_set():
                    return
                for number, delivery in enumerate(deliveries):
                    with suppress(botbus.LeaseLost):  # the daemon was killed: it comes again
                        if number % NAK_EVERY == 1 and delivery.attempt == 1:
                            await delivery.nak(delay=0.0)
                        else:
                            await delivery.ack()
                            out.write(f"{delivery.message.id} {delivery.message.seq}\n")


if __name__ == "__main__":
    anyio.run(consume, sys.argv[1], sys.argv[2], Path(sys.argv[3]))
