"""The daemon's figures for people: a word, and what there is to say of it."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from botbus_cli.rates import Rates
from botbus_cli.spans import seconds_between, span_text
from botbus_cli.visible import time_text

if TYPE_CHECKING:
    from botbus_protocol.records import MailboxFigures
    from botbus_protocol.replies import Figures

Row = tuple[str, str]

_UNITS = ("B", "kB", "MB", "GB", "TB")


def rows_of(figures: "Figures", rates: Rates | None = None) -> Iterator[Row]:
    """Every figure in a line; with rates, also how fast it grows."""
    yield "daemon", f"{figures.server}, start {figures.boot}, pid {figures.pid}"
    yield "up for", f"{span_text(figures.uptime_seconds)}, with {size(figures.memory_bytes)} of RAM"
    yield "health", figures.unwell or "well"
    yield "here", _here(figures)
    yield from _traffic(figures, rates)
    yield from _commits(figures, rates)
    storage = figures.storage
    yield (
        "on disk",
        f"database {size(storage.database_bytes)}, WAL {size(storage.wal_bytes)}, "
        f"free {size(storage.free_bytes)}",
    )
    yield from _retention(figures)
    yield "waiting", _waiting(figures)
    yield "dead letters", number(figures.backlog.dead_letters)
    yield "runs", _runs(figures)


def _here(figures: "Figures") -> str:
    return (
        f"{some(figures.bots, 'bot')}, {some(figures.connections, 'connection')}; "
        f"{some(figures.parked, 'request')} parked, {number(figures.in_flight)} deliveries and "
        f"{some(figures.runs_held, 'run')} held"
    )


def _traffic(figures: "Figures", rates: Rates | None) -> Iterator[Row]:
    traffic = figures.traffic
    refused = sum(traffic.refused.values())
    requests = sum(traffic.requests.values())
    yield "requests", number(requests) + _speed(rates, lambda r: r.requests)
    yield "messages", number(traffic.messages) + _speed(rates, lambda r: r.messages)
    yield "deliveries", number(traffic.deliveries) + _speed(rates, lambda r: r.deliveries)
    yield "steps", number(traffic.steps) + _speed(rates, lambda r: r.steps)
    reasons = _counts(traffic.refused)
    yield (
        "refused",
        number(refused) + _speed(rates, lambda r: r.refused) + (reasons and f": {reasons}"),
    )
    if traffic.limited:
        yield (
            "beyond limits",
            f"{number(sum(traffic.limited.values()))}: {_counts(traffic.limited)}",
        )
    yield "denied", number(traffic.denied)


def _commits(figures: "Figures", rates: Rates | None) -> Iterator[Row]:
    commits = figures.commits
    batch = commits.operations / commits.count if commits.count else 0.0
    if rates is not None and rates.commits:
        batch = rates.operations / rates.commits
    yield "commits", number(commits.count) + _speed(rates, lambda r: r.commits)
    yield "batch size", f"{batch:,.1f} operations, {number(commits.largest)} in the largest"
    yield (
        "commit time",
        f"p50 {milliseconds(commits.p50_seconds)}, p99 {milliseconds(commits.p99_seconds)}",
    )
    yield (
        "sync time",
        f"p50 {milliseconds(commits.sync_p50_seconds)}, "
        f"p99 {milliseconds(commits.sync_p99_seconds)}",
    )
    if commits.failed:
        yield "commits refused by the disk", number(commits.failed)


def _retention(figures: "Figures") -> Iterator[Row]:
    """What was not to be kept, if there was anything."""
    gone = figures.retention
    if gone.messages or gone.runs:
        lost = f"{number(gone.undelivered + gone.dead_letters)} of them never settled"
        yield (
            "not kept",
            f"{some(gone.messages, 'message')} with {size(gone.bytes)}, {lost}; "
            f"{some(gone.runs, 'run')}",
        )


def _waiting(figures: "Figures") -> str:
    backlog = figures.backlog
    if not backlog.pending:
        return "nothing"
    boxes = "1 mailbox" if backlog.waiting == 1 else f"{number(backlog.waiting)} mailboxes"
    text = f"{some(backlog.pending, 'message')} in {boxes}"
    return f"{text}, the oldest for {age(backlog.oldest_at)}" if backlog.oldest_at else text


def _runs(figures: "Figures") -> str:
    return _counts(figures.backlog.runs) or "none"


def _counts(counts: dict[str, int]) -> str:
    """The most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number(count)} {name}" for name, count in ordered)


MAILBOX_HEADINGS = (
    ("mailbox", False),
    ("pending", True),
    ("oldest (UTC)", False),
    ("held", True),
    ("connections", True),
)
"""What `mailbox_cells` tells; and whether it is a number."""


def mailbox_cells(mailbox: "MailboxFigures") -> tuple[str, ...]:
    oldest = f"{time_text(mailbox.oldest_at)} ({age(mailbox.oldest_at)})"
    return (
        mailbox.bot,
        number(mailbox.pending),
        oldest if mailbox.oldest_at else "",
        number(mailbox.in_flight),
        number(mailbox.connections),
    )


def _speed(rates: Rates | None, of: Callable[[Rates], float]) -> str:
    return "" if rates is None else f" ({rate_text(of(rates))})"


def rate_text(rate: float) -> str:
    return f"{rate:,.0f}/s" if rate >= 10 or not rate else f"{rate:.1f}/s"


def age(since: str | None) -> str:
    return span_text(seconds_between(since, None))


def some(count: int, thing: str) -> str:
    """`1 bot`, `2 bots`."""
    return f"{number(count)} {thing}{'' if count == 1 else 's'}"


def number(count: int) -> str:
    return f"{count:,}"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def size(count: float) -> str:
    """Bytes as `512 B`, `4.1 MB` or `3.0 GB`."""
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} {_UNITS[-1]}"
