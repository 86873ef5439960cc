"""Times on the wire and on disk: RFC 3339 UTC text with microseconds and `Z`.

The text has a fixed width, so it sorts as it is and SQLite compares it without parsing.
"""

import math
from datetime import UTC, datetime
from functools import lru_cache


def from_epoch(seconds: float) -> str:
    """Text of a time given in seconds since 1970. Raises ValueError beyond the year 9999."""
    try:
        whole = math.floor(seconds)
        micros = round((seconds - whole) * 1_000_000)
        if micros == 1_000_000:
            whole, micros = whole + 1, 0
        return f"{_second(whole)}.{micros:06d}Z"
    except (OverflowError, OSError) as error:
        raise ValueError(f"a time {seconds} seconds from 1970 cannot be written") from error


def format_time(moment: datetime) -> str:
    """Text of an aware datetime. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"time {moment.isoformat()} has no time zone: pass an aware datetime")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


@lru_cache(maxsize=64)
def _second(whole: int) -> str:
    """A second as text, without its fraction; remembered, for nearly all times are close to now."""
    return datetime.fromtimestamp(whole, UTC).replace(tzinfo=None).isoformat()


def parse_time(text: str, field: str) -> datetime:
    """A datetime in UTC from any RFC 3339 text. Raises ValueError with a sentence."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{field} {text[:40]!r} is not a time: use RFC 3339 such as 2026-01-31T09:00:00Z"
        ) from None
    if moment.tzinfo is None:
        raise ValueError(f"{field} {text!r} has no time zone: add Z or an offset such as +01:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{field} {text!r} lies before year 1 or after 9999 in UTC") from None


def normal_time(text: str, field: str) -> str:
    """The stored form of any RFC 3339 text. Raises ValueError with a sentence."""
    return format_time(parse_time(text, field))


def to_epoch(text: str) -> float:
    """Seconds since 1970 of a stored time."""
    return datetime.fromisoformat(text).timestamp()
