"""Those who watch messages go by without being their recipients."""

import asyncio

from msgspec import Struct

from botbus_protocol.records import Message


class Filter(Struct, frozen=True):
    """Which messages somebody watches; None stands for all."""

    channel: str | None = None
    bot: str | None = None
    """A bot's name: what it sends, and what it is sent directly."""

    def matches(self, message: Message) -> bool:
        if self.channel is not None and message.channel != self.channel:
            return False
        return self.bot is None or self.bot in {message.sender, message.recipient}


class Watcher:
    """Somebody who is parked until a message matches."""

    def __init__(self, wanted: Filter) -> None:
        self.wanted = wanted
        self.seen: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake(self) -> None:
        if not self.seen.done():
            self.seen.set_result(None)


class Watchers:
    def __init__(self) -> None:
        self.here: set[Watcher] = set()

    def add(self, watcher: Watcher) -> None:
        self.here.add(watcher)

    def discard(self, watcher: Watcher) -> None:
        self.here.discard(watcher)

    def show(self, message: Message) -> None:
        for watcher in self.here:
            if watcher.wanted.matches(message):
                watcher.wake()
