"""Bots that are there and do nothing: each with a connection of its own, waiting for a message."""

import asyncio
from contextlib import AsyncExitStack

import botbus
from benchmarks.figures import Measured
from benchmarks.players import Ready

FOREVER = 3600.0


async def idle(ready: Ready, url: str, bots: list[str]) -> Measured:
    """Connects bots that wait in a fetch each, for as long as this process is let live."""
    async with AsyncExitStack() as stack:
        buses = [await stack.enter_async_context(botbus.connect(bot, url=url)) for bot in bots]
        fetches = [asyncio.create_task(bus.fetch(wait=FOREVER)) for bus in buses]
        await asyncio.sleep(0.5)  # the fetches are on their way
        ready()
        await asyncio.gather(*fetches)
    return {}
