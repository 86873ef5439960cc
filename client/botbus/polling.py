"""A long wait as several long polls, because the daemon parks a request only for so long."""

from collections.abc import Iterator
from time import monotonic

from botbus.errors import Invalid


def polls(seconds: float, most: float) -> Iterator[float]:
    """The seconds of each poll, at most so many, until in all `seconds` have passed; at least one.

    Raises Invalid for what is no number.
    """
    if not isinstance(seconds, int | float):
        raise Invalid(f"how long to wait must be a number of seconds, not {seconds!r}")
    ends = monotonic() + seconds
    left = seconds
    while True:
        yield min(left, most)
        if left <= most:
            return
        left = max(0.0, ends - monotonic())
