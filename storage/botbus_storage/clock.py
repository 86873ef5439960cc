"""The time of the bus: that of the machine's clock, except that it never goes back.

By it messages are stamped, and delays, lifetimes and deadlines are told and compared; all of them would
be at odds if an hour came twice. When the machine's clock is set back, this one goes on from where it
was, a little slower than time passes, until the two agree again. After a restart it goes on from the
newest message. What lasts a number of seconds and is in memory alone, such as a lease, is measured by
the monotonic clock and knows nothing of all this; schedules follow the machine's clock, for people.
"""

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

PACE = 0.9
"""Seconds that pass here in a second while the machine is behind: an hour is caught up in ten."""
TELL = 1.0
"""Seconds behind, from which on it is worth a line in the log."""


class Clock:
    """Called from any thread, it gives the seconds since 1970; never fewer than before."""

    def __init__(
        self,
        machine: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._machine = machine
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._time = 0.0
        self._at = monotonic()
        self._told = False

    def __call__(self) -> float:
        with self._lock:
            machine, at = self._machine(), self._monotonic()
            self._time = max(machine, self._time + (at - self._at) * PACE)
            self._at = at
            if self._told != (self._time - machine > TELL):
                self._tell(self._time - machine)
            return self._time

    def not_before(self, seconds: float) -> None:
        """From now on it is later than that."""
        with self._lock:
            self._time = max(self._time, seconds)

    def _tell(self, ahead: float) -> None:
        self._told = not self._told
        if self._told:
            logger.warning(
                "the machine's clock is %.0f seconds behind what was written before: the bus goes on "
                "from there, a little slower, until they agree",
                ahead,
            )


now = Clock()
"""The clock of this process."""
