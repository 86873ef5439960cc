"""A bot that does things and tells everybody: it has each change reviewed, then builds it.

    python builder.py [COUNT]           how many changes it builds, then it ends

It prints a line when a build is announced for good. If the daemon dies in between, it waits for
the next one and goes on: what it asks or says again has its effect once.
"""

import asyncio
import sys
from contextlib import suppress

import botbus

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1


async def main() -> None:
    async with botbus.connect("builder", timeout=30) as bus:
        await bus.create_channel("builds")
        for number in range(1, COUNT + 1):
            await build(bus, f"change {number}")


async def build(bus: botbus.Bus, change: str) -> None:
    review = await bus.ask("reviewer", {"change": change}, timeout=60)
    report = {"change": change, "ok": review.body["approved"]}
    receipt = await bus.publish("builds", report, type="build.done")
    print(f"announced {change!r} to {receipt.recipients} subscribers: {receipt.id}", flush=True)


with suppress(KeyboardInterrupt):
    asyncio.run(main())
