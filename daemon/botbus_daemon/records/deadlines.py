"""Ends what nobody ends: tool executions that never tell of their end, connections that fall silent.

All times are in the database, so they hold across restarts; here is one alarm for the earliest. When it
rings, what is overdue is marked, some at a time so that nobody else waits long, until nothing is.
"""

import asyncio
import logging

from botbus_daemon.runs.alarm import Alarm
from botbus_storage import clock
from botbus_storage.record_operations.connections import EndOverdue
from botbus_storage.record_operations.outcomes import Overdue
from botbus_storage.store import Store

logger = logging.getLogger(__name__)

AT_ONCE = 200
"""Things of each kind that one transaction ends."""
RETRY_DELAY = 1.0
"""Seconds until what could not be written is tried again."""


class Deadlines:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._alarm = Alarm(self._ring, clock.now)
        self._ending: asyncio.Task[None] | None = None

    def at(self, due_at: str | None) -> None:
        """Something is due at a stored time."""
        self._alarm.at(due_at)

    async def close(self) -> None:
        self._alarm.close()
        if self._ending is not None:
            self._ending.cancel()
            await asyncio.wait([self._ending])

    def _ring(self) -> None:
        if self._ending is None or self._ending.done():
            self._ending = asyncio.get_running_loop().create_task(self._end_overdue())

    async def _end_overdue(self) -> None:
        """Ends what is due now, and sets the alarm for what comes next."""
        while True:
            (outcome,) = await self._store.submit([EndOverdue(most=AT_ONCE)])
            if not isinstance(outcome, Overdue):
                logger.warning("what is overdue could not be marked: %s", outcome)
                await asyncio.sleep(RETRY_DELAY)
            elif outcome.count < AT_ONCE:
                self._alarm.at(outcome.next_due_at)
                return
