"""Publishing: one at a time, and many at once from one process."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import cycle

import botbus
from benchmarks.bodies import BYTES, body, body_of, now
from benchmarks.figures import Measured, latencies, rate
from benchmarks.players import Ready

WARM_UP = 0.1
"""Share of the messages that are sent before the clock runs."""

Send = Callable[[], Awaitable[object]]


async def send(
    ready: Ready, url: str, to: str, count: int, in_flight: int, size: int = BYTES
) -> Measured:
    """Direct messages to a bot."""
    said = body_of(size)
    async with botbus.connect("sender", url=url) as bus:
        ready()
        return await measured(lambda: bus.send(to, said), count, in_flight)


async def send_through(
    ready: Ready, url: str, to: str, count: int, in_flight: int, connections: int
) -> Measured:
    """Direct messages to a bot, through connections in turn."""
    async with AsyncExitStack() as stack:
        buses = [
            await stack.enter_async_context(botbus.connect("sender", url=url))
            for _ in range(connections)
        ]
        turns = cycle(buses)
        ready()
        return await measured(lambda: next(turns).send(to, body()), count, in_flight)


async def publish(ready: Ready, url: str, channel: str, count: int, in_flight: int) -> Measured:
    """Messages to a channel, which is made if need be."""
    async with botbus.connect("sender", url=url) as bus:
        await bus.create_channel(channel)
        ready()
        return await measured(lambda: bus.publish(channel, body()), count, in_flight)


async def send_batches(ready: Ready, url: str, to: str, count: int, batch: int) -> Measured:
    """Atomic frames of so many direct messages, one after the other."""
    async with botbus.connect("sender", url=url) as bus:

        async def send_one() -> None:
            async with bus.atomic() as frame:
                for _ in range(batch):
                    frame.send(to, body())

        ready()
        found = await measured(send_one, -(-count // batch), 1)
        return found | {"rate": found["rate"] * batch}


async def measured(send: Send, count: int, in_flight: int) -> Measured:
    """Rate and latencies of so many sendings, of which so many are under way at any time."""
    await send_all(send, max(int(count * WARM_UP), in_flight), in_flight)
    begun = now()
    took = await send_all(send, count, in_flight)
    return rate(count, now() - begun) | latencies(took)


async def send_all(send: Send, count: int, in_flight: int) -> list[int]:
    turns = iter(range(count))
    took: list[int] = []
    async with asyncio.TaskGroup() as tasks:
        for _ in range(in_flight):
            tasks.create_task(_send_in_turn(send, turns, took))
    return took


async def _send_in_turn(send: Send, turns: Iterator[int], took: list[int]) -> None:
    for _ in turns:
        begun = now()
        await send()
        took.append(now() - begun)
