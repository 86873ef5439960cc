"""Times relative to that of a transaction, as stored text."""

from functools import lru_cache

from botbus_protocol import timestamps


def later(now: str, seconds: float) -> str:
    """The time so many seconds after another; before it, if they are negative."""
    if seconds == 0:
        return now
    return timestamps.from_epoch(_epoch(now) + seconds)


def seconds_between(start: str, end: str) -> float:
    return timestamps.to_epoch(end) - timestamps.to_epoch(start)


@lru_cache(maxsize=4)
def _epoch(now: str) -> float:
    """Remembered, because all operations of a transaction have the same time."""
    return timestamps.to_epoch(now)
