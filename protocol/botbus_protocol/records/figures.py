"""Figures of the daemon. What is counted is counted since it started; times are in seconds."""

from msgspec import Struct, field


class Traffic(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked for and done."""

    requests: dict[str, int] = field(default_factory=dict)
    """By operation."""
    refused: dict[str, int] = field(default_factory=dict)
    """Requests that were answered with an error, by its code."""
    limited: dict[str, int] = field(default_factory=dict)
    """Of them, those that went beyond a limit, by its key in the settings."""
    denied: int = 0
    """By the policy."""
    messages: int = 0
    """That were stored."""
    deliveries: int = 0
    """That were handed out."""
    steps: int = 0
    """Of runs, that have ended."""


class CommitFigures(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Transactions that wrote something."""

    count: int = 0
    failed: int = 0
    """That the disk refused."""
    operations: int = 0
    """In those that were committed."""
    largest: int = 0
    """Operations in the largest."""
    seconds: float = 0.0
    """That all of them took together."""
    p50_seconds: float = 0.0
    """Half of the newest 1,000 took no longer."""
    p99_seconds: float = 0.0
    sync_p50_seconds: float = 0.0
    """Of that, what the disk took at the end: to write to the WAL, and to sync it."""
    sync_p99_seconds: float = 0.0


class StorageFigures(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Sizes on the disk."""

    database_bytes: int = 0
    wal_bytes: int = 0
    free_bytes: int = 0
    """That the disk has left for the daemon."""


class RetentionFigures(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was deleted because it is not to be kept."""

    messages: int = 0
    bytes: int = 0
    """Of their bodies and headers, as JSON text."""
    undelivered: int = 0
    """Deliveries that went with them and that nobody had settled."""
    dead_letters: int = 0
    """That went with them."""
    runs: int = 0


class MailboxFigures(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mailbox that has something in it."""

    bot: str
    pending: int = 0
    """Messages that are not settled; of each source no more than 10,000 are counted."""
    oldest_at: str | None = None
    """When the oldest of them was sent."""
    in_flight: int = 0
    """That are handed out."""
    connections: int = 0


class Backlog(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is counted in the database."""

    counted_at: str | None = None
    """Counting takes a tenth of the time at most; meanwhile the last count is told. None if the
    database cannot be read."""
    mailboxes: list[MailboxFigures] = field(default_factory=list)
    """The fullest first."""
    waiting: int = 0
    """Mailboxes with something in them."""
    pending: int = 0
    """In all of them."""
    oldest_at: str | None = None
    """When the oldest message of all was sent."""
    dead_letters: int = 0
    runs: dict[str, int] = field(default_factory=dict)
    """By status."""
