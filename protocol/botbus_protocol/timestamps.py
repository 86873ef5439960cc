"""Times on the wire and on disk: RFC 3339 UTC text with microseconds and `Z`.

The text has a fixed width, so it sorts as it is and SQLite compares it without parsing.
"""

from datetime import UTC, datetime

WIDTH = len("2026-01-01T00:00:00.000000Z")


def from_epoch(seconds: float) -> str:
    """Text of a time given in seconds since 1970. Raises ValueError beyond the year 9999."""
    try:
        return _text(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, OSError) as error:
        raise ValueError(f"a time {seconds} seconds from 1970 cannot be written") from error


def format_time(moment: datetime) -> str:
    """Text of an aware datetime. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"time {moment.isoformat()} has no time zone: pass an aware datetime")
    return _text(moment.astimezone(UTC))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")[: WIDTH - 1] + "Z"


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
