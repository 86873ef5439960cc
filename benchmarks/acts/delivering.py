"""From one process to another: publish to delivery, question to answer, and a backlog's end."""

import asyncio

import botbus
from benchmarks.acts.sending import WARM_UP
from benchmarks.bodies import body, now, sent_at
from benchmarks.figures import Measured, latencies, rate
from benchmarks.players import Ready

PAUSE = 0.002
"""Seconds between two messages, so that each finds a listener that waits."""
AT_ONCE = 256
"""Deliveries that the consumer of a backlog takes at once."""
PATIENCE = 30.0


async def listen(ready: Ready, url: str, bot: str, count: int) -> Measured:
    """Latencies from before the sending to the body in the hands of the listener."""
    took: list[int] = []
    async with botbus.connect(bot, url=url) as bus, asyncio.timeout(PATIENCE):
        deliveries = bus.listen()
        ready()
        async for delivery in deliveries:
            took.append(now() - sent_at(delivery.message.body))
            await delivery.ack()
            if len(took) == count:
                break
    return latencies(took[int(count * WARM_UP) :])


async def trickle(ready: Ready, url: str, to: str, count: int) -> Measured:
    """Sends one message after the other, each with the moment it was sent."""
    async with botbus.connect("sender", url=url) as bus:
        ready()
        for _ in range(count):
            await bus.send(to, body(now()))
            await asyncio.sleep(PAUSE)
    return {}


async def answer(ready: Ready, url: str, bot: str, count: int) -> Measured:
    """Replies to so many messages with their own bodies."""
    answered = 0
    async with botbus.connect(bot, url=url) as bus, asyncio.timeout(PATIENCE):
        deliveries = bus.listen()
        ready()
        async for delivery in deliveries:
            await delivery.reply(delivery.message.body)
            answered += 1
            if answered == count:
                break
    return {}


async def ask(ready: Ready, url: str, to: str, count: int) -> Measured:
    """Latencies of so many questions, from asking to the answer."""
    took: list[int] = []
    async with botbus.connect("sender", url=url) as bus:
        ready()
        for _ in range(count):
            begun = now()
            await bus.ask(to, body(), timeout=PATIENCE)
            took.append(now() - begun)
    return latencies(took[int(count * WARM_UP) :])


async def consume(ready: Ready, url: str, bot: str, count: int) -> Measured:
    """The rate at which a backlog of at least so many is fetched and acked."""
    async with botbus.connect(bot, url=url) as bus, asyncio.timeout(PATIENCE):
        ready()
        begun, taken = now(), 0
        while taken < count:
            deliveries = await bus.fetch(max=AT_ONCE, wait=PATIENCE)
            await asyncio.gather(*(delivery.ack() for delivery in deliveries))
            taken += len(deliveries)
        return rate(taken, now() - begun)
