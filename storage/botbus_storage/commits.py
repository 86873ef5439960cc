"""What is known of the writer's commits: how many, how large, how long, and whether they succeed.

The writer tells after each one. Counting costs less than a microsecond and a bounded amount of memory:
the newest durations are kept as they are, for figures of now; all of them in buckets, for ever.
"""

import logging
from bisect import bisect_left
from collections import deque
from time import monotonic

from botbus_protocol.errors import Fault

logger = logging.getLogger(__name__)

RECENT = 1000
"""Commits whose durations are kept."""
BOUNDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
)  # fmt: skip
"""Seconds; the upper ends of the buckets, but for the last one, which has none."""


class Commits:
    """Written by whoever commits, one at a time; read on the event loop at any moment."""

    def __init__(self) -> None:
        self.count = 0
        """Transactions that were committed."""
        self.failed = 0
        """Transactions that the disk refused."""
        self.operations = 0
        """Operations in those that were committed."""
        self.largest = 0
        """Operations in the largest one."""
        self.seconds = 0.0
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.trouble: Fault | None = None
        """Why the newest attempt to write something failed; None once one has succeeded."""
        self.trouble_since = 0.0
        """When it did, in seconds of the monotonic clock."""
        self._refused = 0
        """Commits that were refused since one succeeded."""
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._syncs: deque[float] = deque(maxlen=RECENT)
        """Of these durations what the disk took at the end."""

    def done(
        self, seconds: float, operations: int, trouble: Fault | None, sync: float = 0.0
    ) -> None:
        """A transaction has ended; `trouble` is what the engine knows after it.

        `sync` is the part of its seconds in which what was written went to the disk.
        """
        if trouble is not self.trouble:  # every failure is a fault of its own
            self._turned(trouble)
            if trouble is not None:
                return
        if not operations:
            return
        self.count += 1
        self.operations += operations
        self.seconds += seconds
        if operations > self.largest:
            self.largest = operations
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self._recent.append(seconds)
        self._syncs.append(sync)

    def quantiles(self, *shares: float) -> list[float]:
        """Durations, in seconds, that such shares of the recent commits stayed within; 0 of none."""
        return _quantiles(self._recent, shares)

    def sync_quantiles(self, *shares: float) -> list[float]:
        """The same of their syncs."""
        return _quantiles(self._syncs, shares)

    def _turned(self, trouble: Fault | None) -> None:
        if trouble is None:
            logger.warning("the database is written again, after %d refused commits", self._refused)
        elif self.trouble is None or self.trouble.code != trouble.code:
            logger.error("%s: %s", trouble.code, trouble.message)
        self.trouble = trouble
        self._refused = self._refused + 1 if trouble else 0
        if trouble is not None:
            self.failed += 1
            self.trouble_since = monotonic()


def _quantiles(newest: deque[float], shares: tuple[float, ...]) -> list[float]:
    recent = sorted(newest)
    if not recent:
        return [0.0] * len(shares)
    return [recent[min(len(recent) - 1, int(share * len(recent)))] for share in shares]
