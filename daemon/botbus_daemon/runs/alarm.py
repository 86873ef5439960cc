"""One timer for the earliest of many times of a clock, that of the bus or that of people.

Whoever has something that is due at a time says so; the alarm rings once, for the earliest, and is
told anew what comes next. The clock may be set while the alarm waits, and it goes on while the machine
sleeps, so the alarm looks at it once in a while.
"""

import asyncio
from collections.abc import Callable
from math import inf

from botbus_protocol import timestamps

LOOK_AGAIN = 60.0
"""Seconds between looks at the clock while something is to come."""


class Alarm:
    """Calls `ring` on the event loop when the earliest time has come."""

    def __init__(self, ring: Callable[[], None], clock: Callable[[], float]) -> None:
        self._ring = ring
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._due = inf
        self._timer: asyncio.TimerHandle | None = None

    def at(self, due_at: str | None) -> None:
        """Rings at a stored time, or before, if it was to ring before."""
        if due_at is None:
            return
        due = timestamps.to_epoch(due_at)
        if due < self._due:
            self._due = due
            self._wait()

    def close(self) -> None:
        self._due = inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        left = max(self._due - self._clock(), 0.0)
        self._timer = self._loop.call_later(min(left, LOOK_AGAIN), self._look)

    def _look(self) -> None:
        self._timer = None
        if self._clock() < self._due:
            self._wait()
            return
        self._due = inf
        self._ring()
