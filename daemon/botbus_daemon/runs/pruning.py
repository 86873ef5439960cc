"""Deletes runs that ended long ago, or beyond the number that is kept, a few at a time.

Between two transactions everybody else has the writer. The next time is computed: when the oldest run
that is kept grows too old, or a while after a run has ended.
"""

import asyncio
import time
from typing import TYPE_CHECKING

from botbus_daemon.runs.errand import Errand
from botbus_protocol import timestamps
from botbus_storage.workflow_operations import Moved, PruneRuns

if TYPE_CHECKING:
    from botbus_daemon.broker import Broker
    from botbus_daemon.runs.room import Runs

AT_ONCE = 200
"""Runs that one transaction deletes."""
PAUSE = 0.05
"""Seconds between two transactions."""
AFTER_ENDS = 10.0
"""Seconds after which runs that have ended are counted."""
DAY = 86400.0


class Pruning:
    def __init__(self, broker: "Broker", runs: "Runs") -> None:
        self._broker = broker
        self._runs = runs
        self.errand = Errand(self.prune)
        self._counting = False
        self.deleted = 0
        """Runs, since the start of the daemon."""

    def ended(self) -> None:
        """Runs have ended."""
        if not self._counting:
            self._counting = True
            self.errand.in_seconds(AFTER_ENDS)

    def follow(self) -> None:
        """The policy of the room is another one."""
        self.errand.in_seconds(0.0)

    async def prune(self) -> str | None:
        """Deletes what is not to be kept any longer; when something else is not."""
        self._counting = False
        while seqs := await self._prunable():
            self.deleted += (await self._runs.do(PruneRuns(tuple(seqs)), Moved)).count
            await asyncio.sleep(PAUSE)
        earliest = await self._broker.store.runs.earliest_end()
        if earliest is None:
            return None
        due = timestamps.to_epoch(earliest) + self._runs.policy.keep_days * DAY
        return timestamps.from_epoch(due + 0.001)

    async def _prunable(self) -> list[int]:
        policy = self._runs.policy
        oldest = timestamps.from_epoch(time.time() - policy.keep_days * DAY)
        return await self._broker.store.runs.prunable(oldest, policy.keep_runs, AT_ONCE)
