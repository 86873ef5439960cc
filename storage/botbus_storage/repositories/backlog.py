"""The repository of what waits, for whoever watches."""

from typing import Protocol

from botbus_storage.reading import backlog
from botbus_storage.reading.backlog import Counted
from botbus_storage.repositories.access import Reading


class BacklogRepository(Protocol):
    """Reads; changes nothing."""

    async def count(self) -> Counted:
        """What waits in mailboxes, as dead letters and in runs, at one moment."""


class SqliteBacklog(Reading):
    """The `BacklogRepository` of SQLite."""

    async def count(self) -> Counted:
        return await self._ask(backlog.count_backlog)
