"""Subscribers: bots that are away, and bots that listen while a channel is published to."""

import asyncio
from contextlib import AsyncExitStack

import botbus
from benchmarks.acts.delivering import PATIENCE
from benchmarks.acts.sending import send_all
from benchmarks.bodies import body, now
from benchmarks.figures import Measured
from benchmarks.players import Ready
from botbus.deliveries import Delivery


async def subscribe(ready: Ready, url: str, channel: str, bots: list[str]) -> Measured:
    """Subscribes bots, which leave again."""
    ready()
    for bot in bots:
        async with botbus.connect(bot, url=url) as bus:
            await bus.create_channel(channel)
            await bus.subscribe(channel)
    return {}


async def receive(ready: Ready, url: str, channel: str, bots: list[str], messages: int) -> Measured:
    """Listens with several bots until each has acked so many messages; `end` is when that is."""
    async with AsyncExitStack() as stack, asyncio.timeout(PATIENCE):
        buses = [await stack.enter_async_context(botbus.connect(bot, url=url)) for bot in bots]
        for bus in buses:
            await bus.create_channel(channel)
            await bus.subscribe(channel)
        async with asyncio.TaskGroup() as tasks:
            for bus in buses:
                tasks.create_task(_take(bus, messages))
            await asyncio.sleep(0)  # each has begun to listen
            ready()
    return {"end": now()}


async def _take(bus: botbus.Bus, messages: int) -> None:
    async with asyncio.TaskGroup() as acks:
        async for delivery in bus.listen():
            acks.create_task(_ack(delivery))
            messages -= 1
            if messages == 0:
                break


async def _ack(delivery: Delivery) -> None:
    await delivery.ack()


async def burst(ready: Ready, url: str, channel: str, messages: int, in_flight: int) -> Measured:
    """Publishes so many messages as fast as it goes; `begin` is when the first one leaves."""
    async with botbus.connect("sender", url=url) as bus:
        ready()
        begun = now()
        await send_all(lambda: bus.publish(channel, body()), messages, in_flight)
    return {"begin": begun}
