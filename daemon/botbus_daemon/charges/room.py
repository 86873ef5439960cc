"""The limits of bots in this process, put together: what is charged where, and the refusals.

A charge is decided from memory. Only for a mailbox that is not known yet, or seems to be full, is the
disk asked; whoever else writes to that mailbox meanwhile waits for the same answer, and nobody else
waits at all.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from botbus_daemon.charges.excess import Excess
from botbus_daemon.charges.mailboxes import Account, Mailboxes, Share
from botbus_daemon.charges.measuring import Measuring
from botbus_daemon.charges.penalties import Penalties
from botbus_daemon.charges.places import Places
from botbus_daemon.charges.rates import Rates
from botbus_daemon.charges.settings import BotLimits
from botbus_daemon.presence import Connection, Session
from botbus_protocol import timestamps
from botbus_protocol.errors import Refused
from botbus_storage import clock
from botbus_storage.repositories.charges import ChargeRepository

MOST_COUNTS = 2
"""For one message: the first may have been begun for another, before there was room."""


class Charges:
    """The room of a broker. `size` gives the bytes of the database's files."""

    def __init__(self, limits: BotLimits, disk: ChargeRepository, size: Callable[[], int]) -> None:
        self._limits = limits
        self._disk = disk
        self._loop = asyncio.get_running_loop()
        self._counting: dict[str, asyncio.Task[None]] = {}
        self._mailboxes = Mailboxes(limits)
        self._rates = Rates(limits)
        self._parked = Places(limits.parked)
        self._penalties = Penalties()
        self._storage = Measuring(limits.stored_bytes, disk, size)
        self._stored = self._storage.stored

    def limit(self, limits: BotLimits) -> None:
        """From now on these limits hold."""
        if limits.stored_bytes != self._limits.stored_bytes:
            self._stored.limit(limits.stored_bytes)
        self._limits = limits
        self._mailboxes.limit(limits)
        self._rates.limit(limits)
        self._parked.limit(limits.parked)

    async def close(self) -> None:
        await self._storage.close()
        while self._counting:
            await asyncio.wait(set(self._counting.values()))

    # Messages

    @property
    def asks_always(self) -> bool:
        """Whether `take` never says at once."""
        return self._rates.per_second > 0

    def take(self, bot: str, to: str | None, size: int, messages: int = 1) -> Share | None:
        """Charges messages of so many bytes together, to a bot or a channel, to their sender, if there
        is nothing to be asked.

        Else None, and `room_for` is to be asked for each.
        """
        stored = self._stored
        if self._rates.per_second or stored.room < size:
            return None
        share = _NOBODYS if to is None else self._mailboxes.take(to, bot, size, messages)
        if share is not None:
            stored.room -= size
        return share

    async def room_for(self, session: Session, to: str | None, size: int) -> Share:
        """As `take`, and asks whoever has to be asked. Raises Refused: `limit`."""
        try:
            return await self._room_for(session.bot_id, to, size)
        except Refused:
            self._penalise(session.connection, session.bot_id)
            raise

    def _penalise(self, connection: Connection, bot: str) -> None:
        """Does not listen for a moment to who is refused."""
        connection.hold(self._penalties.add(bot, self._loop.time()))

    async def _room_for(self, bot: str, to: str | None, size: int) -> Share:
        self._check_rate(bot)
        stored = self._stored
        tight = stored.room < size and self._storage.tight(bot, size)
        share = _NOBODYS if to is None else await self._room_in(bot, to, size)
        if tight:
            stored.add(bot, size)
        else:
            stored.room -= size
        return share

    def _check_rate(self, bot: str) -> None:
        wait = self._rates.wait(bot, self._loop.time())
        if wait > 0:
            figure = self._rates.per_second
            excess = Excess("messages_per_second", figure, wait)
            raise excess.refusal(f"this bot may send {figure:g} messages a second")

    async def _room_in(self, bot: str, to: str, size: int) -> Share:
        """Charges a message whose mailbox has to be asked about. Raises Refused: `limit`."""
        counts = 0
        while (share := self._mailboxes.take(to, bot, size)) is None:
            if counts == MOST_COUNTS or not self._mailboxes.countable(to, self._loop.time()):
                self._refuse(bot, to, size)
            await self._count(to)
            counts += 1
        return share

    def _refuse(self, bot: str, to: str, size: int) -> NoReturn:
        excess = self._mailboxes.excess(to, bot, size, self._loop.time())
        raise excess.refusal(_FULL[excess.limit].format(to=to, figure=excess.figure))

    async def _count(self, to: str) -> None:
        """Has the disk say what waits in a mailbox; those who ask meanwhile get the same answer."""
        counting = self._counting.get(to)
        if counting is None:
            counting = self._counting[to] = self._loop.create_task(self._counted(to))
            counting.add_done_callback(lambda _: self._counting.pop(to))
        await asyncio.shield(counting)

    async def _counted(self, to: str) -> None:
        snapshot = self._mailboxes.snapshot(to, self._loop.time())
        waiting = await self._disk.waiting(to, timestamps.from_epoch(clock.now()))
        self._mailboxes.counted(to, snapshot, waiting, self._loop.time())

    # Connections and what they wait for

    def check_connections(self, connection: Connection, bot: str, connected: int) -> None:
        """Whether a bot that has so many connections may have this one. Raises Refused: `limit`."""
        most = self._limits.connections
        if most and connected >= most:
            self._penalise(connection, bot)
            raise Excess("connections", most).refusal(
                f"this bot has {connected} connections already: close some"
            )

    @contextmanager
    def waiting(self, session: Session | None) -> Iterator[None]:
        """While a request of a bot is parked. Raises Refused: `limit`."""
        if session is None:
            yield
            return
        if not self._parked.take(session.bot_id):
            self._penalise(session.connection, session.bot_id)
            figure = self._limits.parked
            excess = Excess("parked", figure)
            raise excess.refusal(f"{figure} requests of this bot wait already: let some end first")
        try:
            yield
        finally:
            self._parked.give_back(session.bot_id)


_NOBODYS = Share(Account())
"""Of what is said to a channel: it is in no mailbox."""

_FULL = {
    "sender_messages": "{figure} messages of this bot wait in the mailbox of {to}",
    "sender_bytes": "all that waits of this bot in the mailbox of {to} may have {figure} bytes",
    "mailbox_messages": "{figure} messages wait in the mailbox of {to}",
    "mailbox_bytes": "all that waits in the mailbox of {to} may have {figure} bytes",
}
