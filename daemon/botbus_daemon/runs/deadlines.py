"""Ends what is due: sleeps, delays, backoffs, and what did not come in time.

All times are in the database; here there is one alarm for the earliest. When it rings, what is due is
ended, some at a time so that nobody else waits long, until nothing is.
"""

import asyncio
from typing import TYPE_CHECKING

from botbus_daemon.runs.alarm import Alarm
from botbus_storage.workflow_operations import EndedWaits, EndWaits

if TYPE_CHECKING:
    from botbus_daemon.runs.room import Runs

AT_ONCE = 200
"""Waits that one transaction ends."""


class Deadlines:
    def __init__(self, runs: "Runs") -> None:
        self._runs = runs
        self._alarm = Alarm(self._ring)
        self._ending: asyncio.Task[None] | None = None

    def at(self, due_at: str | None) -> None:
        """Something is due at a stored time."""
        self._alarm.at(due_at)

    async def end_due(self) -> None:
        """Ends what is due now, and sets the alarm for what comes next."""
        while True:
            outcome = await self._runs.do(EndWaits(most=AT_ONCE), EndedWaits)
            if outcome.count < AT_ONCE:
                self._alarm.at(outcome.next_due_at)
                return

    async def close(self) -> None:
        self._alarm.close()
        if self._ending is not None:
            self._ending.cancel()
            await asyncio.wait([self._ending])

    def _ring(self) -> None:
        if self._ending is None or self._ending.done():
            self._ending = asyncio.get_running_loop().create_task(self.end_due())
