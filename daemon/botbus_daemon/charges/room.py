"""The limits of bots in this process, put together: what is charged where, and the refusals.

A charge is decided from memory. Only for a mailbox that is not known yet, or seems to be full, is the
disk asked; whoever else writes to that mailbox meanwhile waits for the same answer, and nobody else
waits at all.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from botbus_daemon.charges.excess import Excess
from botbus_daemon.charges.mailboxes import Mailboxes, Share
from botbus_daemon.charges.settings import BotLimits
from botbus_daemon.presence import Session
from botbus_protocol.errors import Refused
from botbus_storage.operations import SaveMessage
from botbus_storage.repositories.contracts import MailboxRepository

Landed = Callable[[], None]

MOST_COUNTS = 2
"""For one message: the first may have been begun for another, before there was room."""


class Charges:
    """The room of a broker."""

    def __init__(self, limits: BotLimits, disk: MailboxRepository) -> None:
        self._disk = disk
        self._loop = asyncio.get_running_loop()
        self._counting: dict[str, asyncio.Task[None]] = {}
        self.mailboxes = Mailboxes(limits)
        self.limits = limits

    async def take(self, session: Session, operation: SaveMessage) -> Landed | None:
        """Charges a message to its sender; what to call once it is on disk or could not be written.

        Raises Refused: `limit`.
        """
        if operation.to is None:
            return None
        size = size_of(operation)
        share = self.mailboxes.take(operation.to, session.bot_id, size)
        if share is None:
            share = await self._room_for(session, operation.to, size)
        return partial(share.landed, size)

    async def _room_for(self, session: Session, to: str, size: int) -> Share:
        """Charges a message whose mailbox has to be asked about. Raises Refused: `limit`."""
        for _ in range(MOST_COUNTS):
            if not self.mailboxes.countable(to, self._loop.time()):
                break
            await self._count(to)
            share = self.mailboxes.take(to, session.bot_id, size)
            if share is not None:
                return share
        excess = self.mailboxes.excess(to, session.bot_id, size, self._loop.time())
        raise _full(to, excess)

    async def _count(self, to: str) -> None:
        """Has the disk say what waits in a mailbox; those who ask meanwhile get the same answer."""
        counting = self._counting.get(to)
        if counting is None:
            counting = self._counting[to] = self._loop.create_task(self._counted(to))
            counting.add_done_callback(lambda _: self._counting.pop(to))
        await asyncio.shield(counting)

    async def _counted(self, to: str) -> None:
        snapshot = self.mailboxes.snapshot(to, self._loop.time())
        waiting = await self._disk.waiting(to)
        self.mailboxes.counted(to, snapshot, waiting, self._loop.time())


def size_of(operation: SaveMessage) -> int:
    """Bytes of a message that limits speak of."""
    headers = 0 if operation.headers is None else _bytes(operation.headers)
    return headers + _bytes(operation.body)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _full(to: str, excess: Excess) -> Refused:
    return excess.refusal(_FULL[excess.limit].format(to=to, figure=excess.figure))


_FULL = {
    "sender_messages": "{figure} messages of this bot wait in the mailbox of {to}",
    "sender_bytes": "all that waits of this bot in the mailbox of {to} may have {figure} bytes",
    "mailbox_messages": "{figure} messages wait in the mailbox of {to}",
    "mailbox_bytes": "all that waits in the mailbox of {to} may have {figure} bytes",
}
