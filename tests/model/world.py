"""The real side: one daemon, and connections to it that are dropped, cut off and made again.

Every example has names of its own, so that many of them can follow each other at one daemon.
"""

import select
import time
from collections.abc import Callable
from itertools import count

from tests.daemon.plain import Json, Plain
from tests.daemons import DaemonProcess

_examples = count(1)
PATIENCE = 10.0


def until(condition: Callable[[], bool], what: str) -> None:
    """Waits for what nobody tells."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"in vain was waited until {what}"
        pause(0.002)


def pause(seconds: float) -> None:
    select.select([], [], [], seconds)


class World:
    """Some bots, each with some connections, and one who only watches."""

    def __init__(self, daemon: DaemonProcess, bots: int, connections: int) -> None:
        self.daemon = daemon
        self.prefix = f"x{next(_examples):06}"
        self.bots = [f"{self.prefix}-{letter}" for letter in "abcdefgh"[:bots]]
        self.speakers = [self.bots[number % bots] for number in range(connections)]
        self.watcher = Plain(daemon)
        self.clients = [self.connect(bot) for bot in self.speakers]
        self.holder = list(range(connections))
        """By client: the number of its connection, which no other ever has."""
        self._next = count(connections)

    def connect(self, bot: str) -> Plain:
        client = Plain(self.daemon, bot)
        client.ok("hello")
        return client

    def drop(self, number: int) -> None:
        """Ends a connection, and comes back once the daemon has noticed."""
        bot = self.speakers[number]
        self.clients[number].close()
        left = self.speakers.count(bot) - 1
        until(lambda: self._connections(bot) == left, f"{bot} has {left} connections")
        self.again(number)

    def again(self, number: int) -> None:
        self.clients[number] = self.connect(self.speakers[number])
        self.holder[number] = next(self._next)

    def _connections(self, bot: str) -> int:
        found = self.watcher.ok("list_bots", after=self.prefix, limit=len(self.bots))["bots"]
        (connections,) = (one.get("connections", 0) for one in found if one["name"] == bot)
        return int(connections)

    def restart(self, *, killed: bool) -> None:
        if killed:
            self.daemon.kill()
        else:
            assert self.daemon.stop() == 0
        self.close()
        self.daemon.start()
        self.watcher = Plain(self.daemon)
        for number in range(len(self.clients)):
            self.again(number)

    def kill_while(self, number: int, requests: list[Json], *, atomic: bool, after: float) -> None:
        """Sends a frame, kills the daemon so much later, and starts it; the answer is lost."""
        client = self.clients[number]
        client.park(client.frame(*requests, atomic=atomic))
        if after:
            pause(after)
        self.restart(killed=True)

    def close(self) -> None:
        for client in [self.watcher, *self.clients]:
            client.close()
