"""Keeps what is known of stored bytes up to date: the size of the database, and the counting.

All messages are counted in slices, with a pause after each that is as long as it took, so that one of
the readers is busy with it for half of the time at the most.
"""

import asyncio
import logging
from collections.abc import Callable
from math import inf
from pathlib import Path

from botbus_daemon.charges.excess import Excess
from botbus_daemon.charges.stored import Stored
from botbus_storage.repositories.charges import ChargeRepository

logger = logging.getLogger(__name__)

SPAN = 20_000
"""Messages that are counted in one go."""
COUNTING_SHARE = 10.0
"""Times as long as counting took, it is left alone before all are counted again."""
LEAST_PAUSE = 1.0
"""Seconds until all are counted again at the earliest."""


class Measuring:
    """`stored` is what it knows; `size` gives the bytes of the database's files."""

    def __init__(self, limit: int, disk: ChargeRepository, size: Callable[[], int]) -> None:
        self.stored = Stored(limit)
        self._disk = disk
        self._size = size
        self._loop = asyncio.get_running_loop()
        self._counting: asyncio.Task[None] | None = None
        self._again_at = -inf

    def tight(self, sender: str, size: int) -> bool:
        """Whether a message is to be added to what its sender has stored. Raises Refused: `limit`."""
        if not self.stored.counted:
            self.stored.measured(self._size())
            if self.stored.room:
                return False
            self._count()
        elif not self.stored.fits(sender, size):
            self.stored.measured(self._size())
            if not self.stored.room:
                self._count()
                raise self._excess().refusal(
                    f"the messages of this bot that are stored may have {self.stored.most:.0f} "
                    "bytes: they go as [retention] in the settings says"
                )
        return True

    async def close(self) -> None:
        if self._counting is not None:
            self._counting.cancel()
            await asyncio.wait([self._counting])

    def _excess(self) -> Excess:
        wait = max(LEAST_PAUSE, self._again_at - self._loop.time())
        return Excess("stored_bytes", int(self.stored.most), wait)

    def _count(self) -> None:
        """Has everything counted, unless that is under way or was done just now."""
        if self._counting is None and self._loop.time() >= self._again_at:
            self._counting = self._loop.create_task(self._counted())

    async def _counted(self) -> None:
        begun = self._loop.time()
        self.stored.counting()
        try:
            self.stored.count(await self._figures())
        except Exception:
            logger.exception("what is stored could not be counted")
            self.stored.give_up_counting()
        finally:
            now = self._loop.time()
            self._again_at = now + max(LEAST_PAUSE, COUNTING_SHARE * (now - begun))
            self._counting = None

    async def _figures(self) -> dict[str, int]:
        figures: dict[str, int] = {}
        newest = await self._disk.newest()
        for after in range(0, newest, SPAN):
            begun = self._loop.time()
            found = await self._disk.stored(after, min(after + SPAN, newest))
            for sender, size in found.items():
                figures[sender] = figures.get(sender, 0) + size
            await asyncio.sleep(self._loop.time() - begun)
        return figures


def bytes_of(database: Path) -> int:
    """Of a database and its log; 0 of what is not there."""
    size = 0
    for path in (database, database.with_name(f"{database.name}-wal")):
        try:
            size += path.stat().st_size
        except OSError:
            continue
    return size
