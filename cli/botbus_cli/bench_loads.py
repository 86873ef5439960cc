"""The loads of `botbus bench`, and the figures they give."""

from time import perf_counter

from msgspec import Struct

CHANNEL = "bench"
BODY = {"text": "x" * 188}
"""200 bytes of JSON."""


class Figure(Struct, frozen=True):
    load: str
    in_flight: int
    messages: int
    per_second: float
    p50_ms: float
    p99_ms: float


async def published(url: str, seconds: float, in_flight: int) -> Figure:
    """So many publishers in one client, each of which waits for its receipts."""
    import anyio

    import botbus

    async with botbus.connect("bench-publisher", url=url, timeout=60) as bus:
        await bus.create_channel(CHANNEL)
        times: list[float] = []
        started = perf_counter()

        async def publisher() -> None:
            while perf_counter() < started + seconds:
                begun = perf_counter()
                await bus.publish(CHANNEL, BODY)
                times.append(perf_counter() - begun)

        async with anyio.create_task_group() as tasks:
            for _ in range(in_flight):
                tasks.start_soon(publisher)
        return figure("publish", in_flight, times, perf_counter() - started)


async def delivered(url: str, seconds: float) -> Figure:
    """One message at a time, from the call that publishes it into the hands of a listening bot."""
    import anyio

    import botbus

    async with (
        botbus.connect("bench-publisher", url=url) as bus,
        botbus.connect("bench-listener", url=url) as listener,
    ):
        await bus.create_channel(CHANNEL)
        await listener.subscribe(CHANNEL)
        arrivals: list[float] = []
        arrived = anyio.Event()

        async def listen() -> None:
            async for delivery in listener.listen():
                arrivals.append(perf_counter())
                arrived.set()
                await delivery.ack()

        times: list[float] = []
        started = perf_counter()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            while perf_counter() < started + seconds:
                arrived = anyio.Event()
                begun = perf_counter()
                await bus.publish(CHANNEL, BODY)
                await arrived.wait()
                times.append(arrivals[-1] - begun)
            tasks.cancel_scope.cancel()
        return figure("publish to delivery", 1, times, perf_counter() - started)


def figure(load: str, in_flight: int, times: list[float], elapsed: float) -> Figure:
    """Raises ValueError if nothing was measured."""
    if not times:
        raise ValueError(f"{load}: nothing was done in {elapsed:.1f} s")
    ordered = sorted(times)
    return Figure(
        load=load,
        in_flight=in_flight,
        messages=len(times),
        per_second=round(len(times) / elapsed, 1),
        p50_ms=round(ordered[len(ordered) // 2] * 1000, 3),
        p99_ms=round(ordered[len(ordered) * 99 // 100] * 1000, 3),
    )
