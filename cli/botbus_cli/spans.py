"""Spans of time for people: how long something took, in as few characters as tell it."""

from datetime import UTC, datetime

from botbus_protocol.timestamps import parse_time


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Seconds from one time of the wire to another; without an end, until now."""
    if not start:
        return None
    ended = parse_time(end, "end") if end else datetime.now(UTC)
    return max(0.0, (ended - parse_time(start, "start")).total_seconds())


def span_text(seconds: float | None) -> str:
    """Seconds as `4 ms`, `1.2 s`, `1m15s`, `2h03m` or `3d04h`; nothing for no span."""
    if seconds is None:
        return ""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02}m"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours:02}h"
