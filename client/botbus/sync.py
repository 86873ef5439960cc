"""The bus for programs that do not use async: the same methods, without `await`.

There is no second implementation. Each method is made from its asynchronous original (blocking.py),
signature and types included, and runs it in an event loop of its own thread. When the calling thread is
interrupted, by Ctrl-C say, the original is cancelled, and cleans up as it does under async.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar

from anyio.from_thread import start_blocking_portal

from botbus.atomic import AtomicFrame
from botbus.blocking import Blocking, Group, Portal, Twin, same, twin
from botbus.bus import Bus, connect
from botbus.deliveries import Delivery
from botbus.held import Held
from botbus.listening import Listening, Tailing
from botbus.opening import SyncOpening
from botbus.sync_groups import (
    SyncRunHandle,
    SyncRuns,
    SyncSteps,
    SyncWorker,
    SyncWorkflows,
)
from botbus.sync_records import (
    SyncConfigurations,
    SyncConnections,
    SyncSessions,
    SyncTasks,
    SyncToolExecutions,
    SyncWorkstreams,
)
from botbus.sync_stream import SyncStream
from botbus_protocol.limits import Limits
from botbus_protocol.records import Message

T = TypeVar("T")


class SyncDelivery(Held, Blocking):
    """A delivery whose verbs block; see `Delivery`."""

    def __init__(self, original: Delivery, portal: Portal) -> None:
        Held.__init__(self, original.hold)
        Blocking.__init__(self, original, portal)

    ack = twin(Delivery.ack)
    nak = twin(Delivery.nak)
    extend = twin(Delivery.extend)
    term = twin(Delivery.term)
    reply = twin(Delivery.reply)


class SyncAtomic:
    """`with bus.atomic() as frame:`; see `AtomicFrame`."""

    def __init__(self, frame: AtomicFrame, portal: Portal) -> None:
        self._frame = frame
        self._portal = portal

    def __enter__(self) -> AtomicFrame:
        return self._frame

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._portal.run(self._frame.commit)
        else:
            self._frame.abandon()


def wrapped(deliveries: list[Delivery], portal: Portal) -> list[SyncDelivery]:
    return [SyncDelivery(delivery, portal) for delivery in deliveries]


def listening(original: Listening, portal: Portal) -> SyncStream[SyncDelivery]:
    return SyncStream(original, portal, SyncDelivery)


def tailing(original: Tailing, portal: Portal) -> SyncStream[Message]:
    return SyncStream(original, portal, same)


class SyncBus(Blocking):
    """Made by `botbus.connect_sync`; each method is described at its namesake of `Bus`."""

    original: Bus

    @property
    def name(self) -> str | None:
        return self.original.name

    @property
    def url(self) -> str:
        return self.original.url

    @property
    def limits(self) -> Limits:
        return self.original.limits

    @property
    def boot(self) -> int:
        return self.original.boot

    send = twin(Bus.send)
    publish = twin(Bus.publish)
    ask = twin(Bus.ask)
    recall = twin(Bus.recall)
    history = twin(Bus.history)
    message = twin(Bus.message)
    tail = Twin(Bus.tail, tailing)

    fetch = Twin(Bus.fetch, wrapped)
    listen = Twin(Bus.listen, listening)
    peek = twin(Bus.peek)
    dead = twin(Bus.dead)
    replay_dead = twin(Bus.replay_dead)
    drop_dead = twin(Bus.drop_dead)

    create_channel = twin(Bus.create_channel)
    channel = twin(Bus.channel)
    channels = twin(Bus.channels)
    subscribe = twin(Bus.subscribe)
    unsubscribe = twin(Bus.unsubscribe)
    subscriptions = twin(Bus.subscriptions)
    subscribers = twin(Bus.subscribers)

    work = Twin(Bus.work, SyncWorker)
    start = Twin(Bus.start, SyncRunHandle)
    workflows = Group(SyncWorkflows)
    runs = Group(SyncRuns)
    steps = Group(SyncSteps)

    workstreams = Group(SyncWorkstreams)
    sessions = Group(SyncSessions)
    tasks = Group(SyncTasks)
    tool_executions = Group(SyncToolExecutions)
    connections = Group(SyncConnections)
    configurations = Group(SyncConfigurations)

    hello = twin(Bus.hello)
    bots = twin(Bus.bots)
    stats = twin(Bus.stats)

    def atomic(self) -> SyncAtomic:
        """`with bus.atomic() as frame:` collects requests that are done together or not."""
        return SyncAtomic(self.original.atomic(), self.portal)


def connect_sync(
    name: str | None = None, *, url: str | None = None, timeout: float = 10.0
) -> SyncOpening[SyncBus]:
    """`connect` for programs that do not use async; the connection lives in a thread."""
    return SyncOpening(_connected(name, url, timeout))


@contextmanager
def _connected(name: str | None, url: str | None, timeout: float) -> Iterator[SyncBus]:
    with (
        start_blocking_portal() as blocking,
        blocking.wrap_async_context_manager(connect(name, url=url, timeout=timeout)) as bus,
    ):
        portal = Portal(blocking)
        try:
            yield SyncBus(bus, portal)
        finally:
            portal.closed = True
