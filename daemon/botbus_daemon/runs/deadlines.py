"""Ends what is due: sleeps, delays, backoffs, and what did not come in time.

All times are in the database; here there is one alarm for the earliest. When it rings, what is due is
ended, some at a time so that nobody else waits long, until nothing is.
"""

from typing import TYPE_CHECKING

from botbus_daemon.runs.errand import Errand
from botbus_storage.workflow_operations import EndedWaits, EndWaits

if TYPE_CHECKING:
    from botbus_daemon.runs.room import Runs

AT_ONCE = 200
"""Waits that one transaction ends."""


class Deadlines:
    def __init__(self, runs: "Runs") -> None:
        self._runs = runs
        self.errand = Errand(self.end_due)

    async def end_due(self) -> str | None:
        """Ends what is due now; when something is due next."""
        while True:
            outcome = await self._runs.do(EndWaits(most=AT_ONCE), EndedWaits)
            if outcome.count < AT_ONCE:
                return outcome.next_due_at
