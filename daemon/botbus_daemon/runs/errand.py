"""Work of the daemon's own that has its time: done when it is due, one at a time, again if it fails.

The work does what is due and tells when something is due next; whoever hears of something earlier says
so. What fails unexpectedly is logged and tried again after a moment: a clock that stops is worse.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from botbus_daemon.runs.alarm import Alarm
from botbus_protocol import timestamps
from botbus_protocol.errors import Refused
from botbus_storage import clock

logger = logging.getLogger(__name__)

AGAIN = 1.0
"""Seconds after which failed work is tried again."""


class Errand:
    """`work` gives the stored time at which it is due next, None if nothing is to come."""

    def __init__(
        self, work: Callable[[], Awaitable[str | None]], clock: Callable[[], float] = clock.now
    ) -> None:
        self._work = work
        self._clock = clock
        self._alarm = Alarm(self._ring, clock)
        self._task: asyncio.Task[None] | None = None
        self._missed = False

    def at(self, due_at: str | None) -> None:
        """Something is due at a stored time."""
        self._alarm.at(due_at)

    def in_seconds(self, seconds: float) -> None:
        self._alarm.at(timestamps.from_epoch(self._clock() + seconds))

    async def do_now(self) -> None:
        """Does what is due. Raises what the work raises."""
        self._alarm.at(await self._work())

    async def close(self) -> None:
        self._alarm.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _ring(self) -> None:
        if self._task is not None and not self._task.done():
            self._missed = True
            return
        self._task = asyncio.get_running_loop().create_task(self._do())

    async def _do(self) -> None:
        self._missed = False
        try:
            await self.do_now()
        except Refused as refusal:
            logger.warning("%s: %s", self._work.__qualname__, refusal)
            self.in_seconds(AGAIN)
        except Exception:
            logger.exception("%s failed", self._work.__qualname__)
            self.in_seconds(AGAIN)
        if self._missed:
            self.in_seconds(0.0)
