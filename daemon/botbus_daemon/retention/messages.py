"""Deletes the messages that are not to be kept, a batch of one source after the other.

Between two batches everybody else has the writer for as long as the batch took.
"""

import asyncio
import logging
import time
from collections import deque
from typing import TYPE_CHECKING

from botbus_daemon.courier import Courier
from botbus_daemon.retention.settings import RetentionPolicy
from botbus_daemon.retention.shelf import DAY, Shelf
from botbus_daemon.retention.shelves import Shelves
from botbus_protocol import timestamps
from botbus_storage.retention_operations import Guard, Pruned, Source

if TYPE_CHECKING:
    from botbus_daemon.broker import Broker

logger = logging.getLogger(__name__)

AT_ONCE = 200
"""Messages that the first transaction of a look deletes; some milliseconds."""
MORE = 25
"""By so many it is more in each that follows, so that a look comes to its end under any load."""
MOST_AT_ONCE = 1000
MOST_ROWS = 2000
"""Rows of deliveries that go with them, unless one message alone has more."""
PAUSE = 0.005
"""Seconds between two transactions at the least."""


class MessagePruning:
    def __init__(self, broker: "Broker", policy: RetentionPolicy) -> None:
        self._broker = broker
        self._disk = broker.store.retention
        self._policy = policy
        self._shelves = Shelves(self._disk, policy)
        self.deleted = 0
        """Messages, since the start of the daemon."""
        self.size = 0
        """Bytes of their bodies and headers."""
        self.undelivered = 0
        """Deliveries that nobody got because of it."""
        self.dead = 0
        """Dead letters that went with their messages."""

    def follow(self, policy: RetentionPolicy) -> None:
        """From now on this policy holds. A look that is under way ends with the batch it is at."""
        self._policy = policy
        self._shelves = Shelves(self._disk, policy)

    async def prune(self) -> float | None:
        """Deletes what has to go; when something else has to, in seconds since 1970. Raises Refused."""
        if not self._policy.limits():
            return None
        shelves = self._shelves
        await shelves.count()
        waiting = deque(shelves.to_look_at(time.time()))
        at_once = AT_ONCE
        while waiting and shelves is self._shelves:
            source, shelf = waiting.popleft()
            if await self._prune(source, shelf, at_once):
                waiting.append((source, shelf))
                at_once = min(at_once + MORE, MOST_AT_ONCE)
        return shelves.next_due()

    async def _prune(self, source: Source, shelf: Shelf, at_once: int) -> bool:
        """Deletes a batch of one source; whether there may be more."""
        guard = self._guard(shelf)
        oldest = await self._disk.oldest_deletable(source, guard, self._shelves.counted, at_once)
        going = {m.seq: m for m in shelf.to_go(oldest, time.time(), MOST_ROWS)}
        if not going:
            return False
        begun = time.monotonic()
        gone = await self._delete(source, tuple(going), guard)
        taken = [going[seq] for seq in gone.seqs]
        shelf.taken(taken)
        self.size += sum(message.size for message in taken)
        self._tell(source, gone)
        await asyncio.sleep(max(PAUSE, time.monotonic() - begun))
        return bool(gone.seqs) and (len(going) == at_once or shelf.wants_look(time.time()))

    async def _delete(self, source: Source, seqs: tuple[int, ...], guard: Guard) -> Pruned:
        """Deletes messages on disk and in memory."""
        lent: list[tuple[Courier, int]] = []
        if guard.undelivered == "drop":
            seqs, lent = self._set_aside(source, seqs)
        try:
            gone = await self._disk.prune(source, seqs, guard)
        except BaseException:
            _give_back(lent)
            raise
        _give_back([(courier, seq) for courier, seq in lent if seq not in gone.seqs])
        self._broker.streams.forget(source.channel, source.recipient_id, gone.seqs)
        if guard.undelivered == "drop":
            for courier in self._couriers(source):
                for seq in gone.seqs:
                    courier.settled(seq, ahead=True)
        return gone

    def _set_aside(
        self, source: Source, seqs: tuple[int, ...]
    ) -> tuple[tuple[int, ...], list[tuple[Courier, int]]]:
        """Keeps messages from being handed out while they are deleted; those that nobody holds."""
        lent: list[tuple[Courier, int]] = []
        held: set[int] = set()
        for courier in self._couriers(source):
            for seq in seqs:
                if courier.mailbox.lend(seq):
                    lent.append((courier, seq))
                else:
                    held.add(seq)
        _give_back([(courier, seq) for courier, seq in lent if seq in held])
        free = [(courier, seq) for courier, seq in lent if seq not in held]
        return tuple(seq for seq in seqs if seq not in held), free

    def _couriers(self, source: Source) -> list[Courier]:
        """Those of the loaded mailboxes that read a source."""
        if source.channel is None:
            courier = self._broker.loaded_courier(source.recipient_id)
            return [] if courier is None else [courier]
        couriers = self._broker.loaded_couriers()
        return [c for c in couriers if source.channel in c.mailbox.positions]

    def _guard(self, shelf: Shelf) -> Guard:
        days = self._policy.dead_letter_days
        before = timestamps.from_epoch(time.time() - days * DAY) if days else ""
        return Guard(shelf.keeping.undelivered, before)

    def _tell(self, source: Source, gone: Pruned) -> None:
        self.deleted += len(gone.seqs)
        self.undelivered += gone.undelivered
        self.dead += gone.dead
        if gone.undelivered or gone.dead:
            logger.warning(
                "%s: the settings of retention took %d deliveries that nobody had settled and %d dead "
                "letters, up to message %d",
                source.channel or f"direct messages to {source.recipient_id}",
                gone.undelivered,
                gone.dead,
                gone.seqs[-1],
            )


def _give_back(lent: list[tuple[Courier, int]]) -> None:
    for courier, seq in lent:
        courier.mailbox.release(seq)
        courier.wake()
