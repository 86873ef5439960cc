"""Counts what waits in the database, and not more often than that is cheap.

Counting takes a reader a while, the longer the more bots there are. It is done when somebody asks, for
all who ask meanwhile, and takes at most a share of the time: who asks sooner is told the last count.
"""

import asyncio
import time
from typing import NamedTuple

from botbus_protocol import timestamps
from botbus_storage.reading.backlog import Counted
from botbus_storage.repositories.backlog import BacklogRepository

SHARE = 0.1
"""Of the time, that counting may take."""


class Count(NamedTuple):
    counted: Counted
    at: str


class Survey:
    def __init__(self, backlog: BacklogRepository) -> None:
        self._backlog = backlog
        self._task: asyncio.Task[Count] | None = None
        self._good_until = 0.0

    async def newest(self) -> Count:
        """The newest count. Raises Refused if the database cannot be read."""
        task = self._task
        if task is None or (task.done() and time.monotonic() >= self._good_until):
            task = self._task = asyncio.get_running_loop().create_task(self._count())
        return await asyncio.shield(task)

    async def _count(self) -> Count:
        begun = time.monotonic()
        at = timestamps.from_epoch(time.time())
        try:
            return Count(await self._backlog.count(), at)
        finally:
            ended = time.monotonic()
            self._good_until = ended + (ended - begun) / SHARE
