"""A mixed load, brisk and without an end: messages, workflows, records, and clients that come and go.

Each actor does a round of its own again and again at a steady pace, and counts its rounds: a load that
grew when the machine is less busy would fill more between two rounds of the retention. What it makes
and nobody deletes is deleted by itself or by the retention of the settings, so that nothing has a
reason to grow. An actor that fails, or is told something wrong, ends the whole load.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count

import anyio

import botbus

PACE = 0.05
"""Seconds between the beginnings of two rounds of an actor."""
REST = 0.01
"""Seconds between two rounds at the least."""
BACKLOG = 200
"""Messages before the consumer at the most: what waits for it is kept, whatever the settings."""
TOGETHER = 5
"""Messages in one frame of the sender."""
CHANNEL = "soak.news"
SUBSCRIBERS = 3
SETTINGS = """
[retention]
every_seconds = 1.0
duplicate_seconds = 3.0
connections = 200
[retention.direct]
max_messages = 100
[[retention.channels]]
match = "*"
max_messages = 500
[workflows]
keep_runs = 100
"""

Round = Callable[[botbus.Bus, int], Awaitable[None]]


@botbus.workflow("soak", version="1")
async def soak(run: botbus.Run) -> int:
    total = 0
    for number in range(3):
        total += await run.step(f"add-{number}", _doubled, number)
    return total


async def _doubled(number: int) -> int:
    return number * 2


class Load:
    """The actors; `rounds` tells how often each has had its round."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._room = anyio.Semaphore(BACKLOG)
        self.rounds: Counter[str] = Counter()

    async def run(self) -> None:
        """Goes on until it is cancelled. Raises what an actor raises."""
        async with anyio.create_task_group() as tasks:
            async with botbus.connect("soak.setup", url=self._url) as bus:
                await bus.create_channel(CHANNEL)
            for number in range(SUBSCRIBERS):
                await tasks.start(self._subscribed, f"soak.reader-{number}")
            await tasks.start(self._consuming)
            await tasks.start(self._working)
            for actor in (self._sends, publishes, asks_for_runs, keeps_records, configures, looks):
                tasks.start_soon(self._acting, actor)
            tasks.start_soon(self._coming_and_going)

    async def _acting(self, act: Round) -> None:
        name = act.__name__.strip("_")
        async with botbus.connect(f"soak.{name}", url=self._url) as bus:
            for number in count():
                due = anyio.current_time() + PACE
                await act(bus, number)
                self.rounds[name] += 1
                await anyio.sleep(max(REST, due - anyio.current_time()))

    async def _consuming(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        async with botbus.connect("soak.consumer", url=self._url) as bus:
            task_status.started()
            async for delivery in bus.listen():
                self.rounds["consumes"] += 1
                if delivery.message.seq % 7 == 0 and delivery.attempt == 1:
                    await delivery.nak()
                else:
                    await delivery.ack()
                    self._room.release()

    async def _sends(self, bus: botbus.Bus, number: int) -> None:
        async with bus.atomic() as frame:
            for part in range(TOGETHER):
                await self._room.acquire()
                frame.send("soak.consumer", {"number": number, "part": part, "text": "x" * 200})

    async def _subscribed(self, name: str, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        async with botbus.connect(name, url=self._url) as bus:
            await bus.subscribe(CHANNEL)
            task_status.started()
            async for delivery in bus.listen():
                self.rounds["reads"] += 1
                await delivery.ack()

    async def _working(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        async with botbus.connect("soak.worker", url=self._url) as bus:
            worker = await bus.work(soak, concurrency=4)
            task_status.started()
            await worker.wait()

    async def _coming_and_going(self) -> None:
        """A client that comes, waits for what it sends itself, and goes."""
        for number in count():
            async with botbus.connect(f"soak.guest-{number % 5}", url=self._url) as bus:
                await bus.send(f"soak.guest-{number % 5}", number)
                for delivery in await bus.fetch(wait=5.0):
                    await delivery.ack()
            self.rounds["comes_and_goes"] += 1
            await anyio.sleep(10 * REST)


async def publishes(bus: botbus.Bus, number: int) -> None:
    await bus.publish(CHANNEL, {"number": number, "text": "x" * (number % 2000)})


async def asks_for_runs(bus: botbus.Bus, number: int) -> None:
    handle = await bus.start("soak", number)
    assert await handle.result() == 6


async def keeps_records(bus: botbus.Bus, number: int) -> None:
    stream = await bus.workstreams.create(f"soak {number}", tags=["soak"])
    session = await bus.sessions.create(stream.id)
    task = await bus.tasks.create(f"task {number}", "soak")
    await bus.tasks.start(task.id)
    execution = await bus.tool_executions.start(task.id, "grep", {"pattern": "x" * 100})
    await bus.tool_executions.finish(execution.id, output="y" * 500)
    await bus.tasks.complete(task.id)
    await bus.sessions.end(session.id)
    assert await bus.tasks.delete(task.id)
    assert await bus.workstreams.delete(stream.id)


async def configures(bus: botbus.Bus, number: int) -> None:
    key = f"soak/{number % 20}"
    await bus.configurations.set(key, number)
    assert (await bus.configurations.get(key)).value == number


async def looks(bus: botbus.Bus, number: int) -> None:
    assert await bus.history(channel=CHANNEL, limit=20) is not None
    assert await bus.bots(limit=50)
    await bus.runs.list(limit=20)
