"""The repository of what is not to be kept: what there is, what may go, and letting it go."""

import sqlite3
from typing import Protocol

from msgspec import Struct

from botbus_storage.operations import Changed
from botbus_storage.reading import deletable
from botbus_storage.reading.deletable import Deletable, SourcePage, Tally
from botbus_storage.reading.records.connections import ended_connections
from botbus_storage.record_operations.connections import ForgetConnections
from botbus_storage.repositories.access import Writing
from botbus_storage.retention_operations import FreePages, Guard, Pruned, PruneMessages, Source


class Pages(Struct, frozen=True):
    """The pages of the file, and how many of them are unused."""

    all: int
    unused: int
    can_be_freed: bool
    """Whether the file was made so that unused pages can be given back to the disk."""


class RetentionRepository(Protocol):
    """Messages by source, oldest first. Writing methods raise Refused."""

    async def newest_seq(self) -> int: ...

    async def sources(self, *, direct: bool) -> list[Source]:
        """All channels, or all recipients."""

    async def page_of_source(
        self, source: Source, after: int, upto: int, *, sized: bool, limit: int
    ) -> SourcePage:
        """How many messages a source has between two seqs, of which bytes, as far as one looks."""

    async def tally(self, after: int, span: int) -> tuple[int, list[Tally]]:
        """Messages by source that follow a seq, within a span of seqs; up to which seq that is."""

    async def oldest_deletable(
        self, source: Source, guard: Guard, upto: int, limit: int
    ) -> list[Deletable]:
        """The first messages of a source that may go, none of them beyond a seq."""

    async def prune(self, source: Source, seqs: tuple[int, ...], guard: Guard) -> Pruned:
        """Deletes messages that may go; which they were."""

    async def ended_connections(self) -> tuple[int, str | None]:
        """How many of the daemon's own clients are gone, and when the first was last heard of."""

    async def forget_connections(self, last_seen_before: str, keep_clients: int) -> int:
        """Deletes connections that have ended, a few at once, oldest first; how many."""

    async def pages(self) -> Pages: ...

    async def free_pages(self, pages: int) -> int:
        """Gives up to so many unused pages back to the disk; how many it were."""


class SqliteRetention(Writing):
    """The `RetentionRepository` of SQLite."""

    async def newest_seq(self) -> int:
        return await self._query(deletable.newest_seq)

    async def sources(self, *, direct: bool) -> list[Source]:
        return await self._query(deletable.recipients if direct else deletable.channels)

    async def page_of_source(
        self, source: Source, after: int, upto: int, *, sized: bool, limit: int
    ) -> SourcePage:
        return await self._ask(
            deletable.page_of_source,
            source=source,
            after=after,
            upto=upto,
            sized=sized,
            limit=limit,
        )

    async def tally(self, after: int, span: int) -> tuple[int, list[Tally]]:
        return await self._ask(deletable.tally, after=after, span=span)

    async def oldest_deletable(
        self, source: Source, guard: Guard, upto: int, limit: int
    ) -> list[Deletable]:
        return await self._ask(
            deletable.oldest_deletable, source=source, guard=guard, upto=upto, limit=limit
        )

    async def prune(self, source: Source, seqs: tuple[int, ...], guard: Guard) -> Pruned:
        return await self._do(PruneMessages(source=source, seqs=seqs, guard=guard), Pruned)

    async def ended_connections(self) -> tuple[int, str | None]:
        return await self._query(ended_connections)

    async def forget_connections(self, last_seen_before: str, keep_clients: int) -> int:
        operation = ForgetConnections(last_seen_before=last_seen_before, keep_clients=keep_clients)
        return (await self._do(operation, Changed)).count

    async def pages(self) -> Pages:
        return await self._query(_pages)

    async def free_pages(self, pages: int) -> int:
        return (await self._do(FreePages(pages), Changed)).count


def _pages(connection: sqlite3.Connection) -> Pages:
    def pragma(name: str) -> int:
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])

    return Pages(pragma("page_count"), pragma("freelist_count"), pragma("auto_vacuum") == 2)
