"""All sources that have limits, and how much there is of them on disk.

The first count after a start goes through the sources that have limits, in slices; every later one
through what is new.
"""

from collections.abc import Iterator

from botbus_daemon.retention.settings import Keeping, RetentionPolicy
from botbus_daemon.retention.shelf import Shelf
from botbus_storage.reading.deletable import Tally
from botbus_storage.repositories.retention import RetentionRepository
from botbus_storage.retention_operations import Source

SPAN = 20_000
"""Messages that are counted in one go."""
NEVER = -1


class Shelves:
    def __init__(self, disk: RetentionRepository, policy: RetentionPolicy) -> None:
        self._disk = disk
        self._policy = policy
        self._by_source: dict[Source, Shelf] = {}
        self.counted = NEVER
        """Messages up to this seq are counted."""

    async def count(self) -> None:
        """Counts what has not been counted yet."""
        if self.counted == NEVER:
            await self._count_all()
        await self._count_new()

    def to_look_at(self, now: float) -> Iterator[tuple[Source, Shelf]]:
        """Those of which something may have to go."""
        return (each for each in self._by_source.items() if each[1].wants_look(now))

    def next_due(self) -> float | None:
        """When the first message that is known to come of age does so, in seconds since 1970."""
        dues = (shelf.due for shelf in self._by_source.values())
        return min((due for due in dues if due is not None), default=None)

    async def _count_all(self) -> None:
        """Puts what is on disk onto the shelves; what has no limits is not looked at."""
        upto = await self._disk.newest_seq()
        sources = await self._disk.sources(direct=False)
        if self._policy.direct.limits():
            sources += await self._disk.sources(direct=True)
        for source in sources:
            if (keeping := self._policy.keeping(source)) is not None:
                await self._count_source(source, keeping, upto)
        self.counted = upto

    async def _count_source(self, source: Source, keeping: Keeping, upto: int) -> None:
        shelf = Shelf(keeping, self._policy.duplicate_seconds)
        sized, after, more = keeping.max_bytes > 0, 0, True
        while more:
            page = await self._disk.page_of_source(source, after, upto, sized=sized, limit=SPAN)
            shelf.put(page.messages, page.size)
            after, more = page.last, page.messages == SPAN
        if shelf.messages:
            self._by_source[source] = shelf

    async def _count_new(self) -> None:
        """Puts what has come since onto the shelves."""
        while True:
            upto, tallies = await self._disk.tally(self.counted, SPAN)
            if upto == self.counted:
                return
            self.counted = upto
            for tally in tallies:
                self._put(tally)

    def _put(self, tally: Tally) -> None:
        shelf = self._by_source.get(tally.source)
        if shelf is None:
            keeping = self._policy.keeping(tally.source)
            if keeping is None:
                return
            shelf = self._by_source[tally.source] = Shelf(keeping, self._policy.duplicate_seconds)
        shelf.put(tally.messages, tally.size)
