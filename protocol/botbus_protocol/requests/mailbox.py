"""The requests about one's own mailbox, and the dead letters of any."""

from typing import Annotated, ClassVar

from msgspec import Meta

from botbus_protocol.grammar import check_name_or_id
from botbus_protocol.requests.request import (
    LeaseName,
    Request,
    Seq,
    Ticket,
    check_count,
    check_lease,
    check_seconds,
)

MAX_REASON = 1000
"""Longest reason of a nak or term, in characters."""
MAX_SEQS = 10_000
"""Most dead letters that one request names."""


class Fetch(Request, frozen=True, tag="fetch"):
    """Takes deliveries from one's own mailbox; parked for `wait` seconds while it is empty."""

    parks: ClassVar[bool] = True

    max: int = 1
    wait: float = 0.0
    lease: float = 60.0
    """Seconds until an unsettled delivery is offered again."""
    ticket: Ticket = ""
    """A word of the client's choice by which `cancel_fetch` names this fetch."""

    def __post_init__(self) -> None:
        check_count(self.max, "max")
        check_seconds(self.wait, "wait")
        check_lease(self.lease, "lease")


class CancelFetch(Request, frozen=True, tag="cancel_fetch"):
    """Ends a parked fetch of this connection, and gives back what it was handed but never saw."""

    ticket: Annotated[str, Meta(min_length=1, max_length=256)]


class Peek(Request, frozen=True, tag="peek"):
    """Reads one's own mailbox without taking; parked for `wait` seconds while there is nothing."""

    parks: ClassVar[bool] = True

    max: int = 50
    after: Seq = 0
    """Only messages with a greater seq."""
    wait: float = 0.0

    def __post_init__(self) -> None:
        check_count(self.max, "max")
        check_seconds(self.wait, "wait")


class _Settle(Request, frozen=True, kw_only=True):
    """What ack, nak, extend and term have in common: they name a delivery by seq and lease."""

    mutates: ClassVar[bool] = True

    seq: Seq
    lease: LeaseName


class Ack(_Settle, frozen=True, tag="ack"):
    """Done: never deliver it to this bot again."""


class Nak(_Settle, frozen=True, tag="nak"):
    """Not done: offer it again."""

    delay: float | None = None
    """Seconds until it is offered again; by default the backoff of its attempt."""
    counts: bool = True
    """False for "not now": the attempt is not counted as a failed one."""
    reason: str = ""

    def __post_init__(self) -> None:
        check_seconds(self.delay, "delay")
        _check_reason(self.reason)


class Extend(_Settle, frozen=True, tag="extend"):
    """Still at it: the lease ends that many seconds from now."""

    mutates: ClassVar[bool] = False

    seconds: float

    def __post_init__(self) -> None:
        check_lease(self.seconds, "seconds")


class Term(_Settle, frozen=True, tag="term"):
    """Never again: to the dead letters, with a reason."""

    reason: str

    def __post_init__(self) -> None:
        _check_reason(self.reason)


class ListDead(Request, frozen=True, tag="list_dead"):
    """Dead letters, oldest message first; of all bots by default."""

    bot: str | None = None
    after: Seq = 0
    """For the next page: the seq of the last one, and the bot it died at."""
    after_bot: str = ""
    limit: int = 100

    def __post_init__(self) -> None:
        if self.bot is not None:
            check_name_or_id(self.bot, "bot")
        check_count(self.limit, "limit")


class _DeadLetters(Request, frozen=True, kw_only=True):
    """Names dead letters of one bot: those with the given seqs, or all of them."""

    mutates: ClassVar[bool] = True

    bot: str
    seqs: Annotated[list[Seq], Meta(max_length=MAX_SEQS)] | None = None

    def __post_init__(self) -> None:
        check_name_or_id(self.bot, "bot")


class ReplayDead(_DeadLetters, frozen=True, tag="replay_dead"):
    """Puts dead letters back into the mailbox, with no attempt counted."""


class DropDead(_DeadLetters, frozen=True, tag="drop_dead"):
    """Gives dead letters up; the messages stay in the history."""


MailboxRequest = (
    Fetch | CancelFetch | Peek | Ack | Nak | Extend | Term | ListDead | ReplayDead | DropDead
)


def _check_reason(reason: str) -> None:
    if len(reason) > MAX_REASON:
        raise ValueError(f"reason must be at most {MAX_REASON} characters, not {len(reason)}")
