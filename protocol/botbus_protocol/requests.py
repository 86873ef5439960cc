"""Every request of the protocol, one struct each; the tag in `op` is its name on the wire.

A struct checks itself when it is made and when it is decoded, so the same rules hold in a client
before it sends and in the daemon when it receives: a ValueError with a sentence in the one, an
`invalid` error in the other. Unknown fields are ignored and new fields have defaults.

A request that *parks* may be held by the daemon until something happens; it travels alone. A
request that *mutates* may be part of an atomic frame, and may be sent twice: it has its effect
once.
"""

from typing import Annotated, ClassVar

from msgspec import Meta, Raw, Struct, field

from botbus_protocol.grammar import check_id, check_name, check_name_or_id
from botbus_protocol.timestamps import parse_time

MAX_TEXT = 256
"""Longest message type, and longest name of a header, in characters."""
MAX_REASON = 1000
"""Longest reason of a nak or term, in characters."""


MAX_SEQS = 10_000
"""Most dead letters that one request names."""

Seq = Annotated[int, Meta(ge=0, le=2**63 - 1)]
LeaseName = Annotated[str, Meta(max_length=64)]
Ticket = Annotated[str, Meta(max_length=256)]


class Request(
    Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="op", tag=str.lower
):
    """What every request is."""

    parks: ClassVar[bool] = False
    mutates: ClassVar[bool] = False


class Hello(Request, frozen=True, tag="hello"):
    """Says who connects; told in return: limits, versions, the daemon's start number."""

    client: str = ""
    """Name and version of the client library, for the operator."""


class _Letter(Request, frozen=True, kw_only=True):
    """What sending to a bot, publishing to a channel and asking have in common."""

    mutates: ClassVar[bool] = True

    id: str
    body: Raw
    type: str = "message"
    headers: dict[str, str] = field(default_factory=dict)
    reply_to: str | None = None
    """The id of the message that this one answers."""
    ttl: float | None = None
    """Seconds after which it is no longer delivered."""
    delay: float | None = None
    """Seconds before which it is not delivered."""
    deliver_at: str | None = None
    """A time before which it is not delivered, instead of `delay`."""

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        if not 0 < len(self.type) <= MAX_TEXT:
            raise ValueError(f"type must be 1-{MAX_TEXT} characters")
        if self.reply_to is not None:
            check_id(self.reply_to, "reply_to")
        if self.headers:
            _check_headers(self.headers)
        if self.ttl is not None or self.delay is not None or self.deliver_at is not None:
            self._check_times()

    def _check_times(self) -> None:
        _check_seconds(self.ttl, "ttl", least=0.001)
        _check_seconds(self.delay, "delay")
        if self.deliver_at is not None:
            parse_time(self.deliver_at, "deliver_at")
            if self.delay is not None:
                raise ValueError("delay and deliver_at say the same: give one of them")


class Send(_Letter, frozen=True, tag="send"):
    """A direct message into a bot's mailbox, whether or not the bot was ever seen."""

    to: str

    def __post_init__(self) -> None:
        check_name_or_id(self.to, "to")
        _Letter.__post_init__(self)


class Publish(_Letter, frozen=True, tag="publish"):
    """A message to every subscriber of a channel."""

    channel: str

    def __post_init__(self) -> None:
        check_name(self.channel, "channel")
        _Letter.__post_init__(self)


class Ask(_Letter, frozen=True, tag="ask"):
    """A direct message whose first reply is the answer; parked until it comes or `timeout` ends."""

    parks: ClassVar[bool] = True

    to: str
    timeout: float = 30.0

    def __post_init__(self) -> None:
        check_name_or_id(self.to, "to")
        _check_seconds(self.timeout, "timeout")
        _Letter.__post_init__(self)


class Recall(Request, frozen=True, tag="recall"):
    """Takes back a message of one's own that nobody has been handed yet."""

    mutates: ClassVar[bool] = True

    id: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


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
        _check_count(self.max, "max")
        _check_seconds(self.wait, "wait")
        _check_lease(self.lease, "lease")


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
        _check_count(self.max, "max")
        _check_seconds(self.wait, "wait")


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
        _check_seconds(self.delay, "delay")
        _check_reason(self.reason)


class Extend(_Settle, frozen=True, tag="extend"):
    """Still at it: the lease ends that many seconds from now."""

    mutates: ClassVar[bool] = False

    seconds: float

    def __post_init__(self) -> None:
        _check_lease(self.seconds, "seconds")


class Term(_Settle, frozen=True, tag="term"):
    """Never again: to the dead letters, with a reason."""

    reason: str

    def __post_init__(self) -> None:
        _check_reason(self.reason)


class CreateChannel(Request, frozen=True, tag="create_channel"):
    mutates: ClassVar[bool] = True

    name: str

    def __post_init__(self) -> None:
        check_name(self.name, "name")


class ListChannels(Request, frozen=True, tag="list_channels"):
    after: str = ""
    """Only names that sort after this one: the last name of the page before."""
    limit: int = 100

    def __post_init__(self) -> None:
        _check_count(self.limit, "limit")


class GetChannel(Request, frozen=True, tag="get_channel"):
    name: str

    def __post_init__(self) -> None:
        check_name(self.name, "name")


class Subscribe(Request, frozen=True, tag="subscribe"):
    """Makes a durable subscription; one that exists stays as it is, cursor and all."""

    mutates: ClassVar[bool] = True

    channel: str
    start: str | Seq = "new"
    """`new`, `first`, the seq or the time (RFC 3339) of the first message wanted."""

    def __post_init__(self) -> None:
        check_name(self.channel, "channel")
        if isinstance(self.start, str) and self.start not in {"new", "first"}:
            parse_time(self.start, "start")


class Unsubscribe(Request, frozen=True, tag="unsubscribe"):
    mutates: ClassVar[bool] = True

    channel: str

    def __post_init__(self) -> None:
        check_name(self.channel, "channel")


class ListSubscriptions(Request, frozen=True, tag="list_subscriptions"):
    """The subscriptions of a bot; one's own by default."""

    bot: str | None = None

    def __post_init__(self) -> None:
        if self.bot is not None:
            check_name_or_id(self.bot, "bot")


class ListSubscribers(Request, frozen=True, tag="list_subscribers"):
    channel: str
    after: str = ""
    limit: int = 100

    def __post_init__(self) -> None:
        check_name(self.channel, "channel")
        _check_count(self.limit, "limit")


class History(Request, frozen=True, tag="history"):
    """Messages of a pair of bots, a channel or a thread, newest first (`after`: oldest first)."""

    between: tuple[str, str] | None = None
    channel: str | None = None
    thread: str | None = None
    limit: int = 50
    before: str | Seq | None = None
    """Only messages before this seq or time."""
    after: str | Seq | None = None
    """Only messages after this seq or time."""

    def __post_init__(self) -> None:
        chosen = [x for x in (self.between, self.channel, self.thread) if x is not None]
        if len(chosen) != 1:
            raise ValueError("history is of one thing: give between, channel or thread")
        for name in self.between or ():
            check_name_or_id(name, "between")
        if self.channel is not None:
            check_name(self.channel, "channel")
        if self.thread is not None:
            check_id(self.thread, "thread")
        _check_count(self.limit, "limit")
        for bound, what in ((self.before, "before"), (self.after, "after")):
            if isinstance(bound, str):
                parse_time(bound, what)


class ShowMessage(Request, frozen=True, tag="show_message"):
    """The whole life of one message."""

    id: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class Tail(Request, frozen=True, tag="tail"):
    """Messages as they are committed, for watching; parked for `wait` seconds while none is."""

    parks: ClassVar[bool] = True

    after: Seq | None = None
    """Only messages with a greater seq; by default from now on."""
    channel: str | None = None
    bot: str | None = None
    """Only messages that this bot sent or was sent directly."""
    max: int = 100
    wait: float = 0.0

    def __post_init__(self) -> None:
        if self.channel is not None:
            check_name(self.channel, "channel")
        if self.bot is not None:
            check_name_or_id(self.bot, "bot")
        _check_count(self.max, "max")
        _check_seconds(self.wait, "wait")


class ListBots(Request, frozen=True, tag="list_bots"):
    after: str = ""
    limit: int = 100
    connected: bool = False
    """Only bots that are connected now."""

    def __post_init__(self) -> None:
        _check_count(self.limit, "limit")


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
        _check_count(self.limit, "limit")


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


AnyRequest = (
    Hello
    | Send
    | Publish
    | Ask
    | Recall
    | Fetch
    | CancelFetch
    | Peek
    | Ack
    | Nak
    | Extend
    | Term
    | CreateChannel
    | ListChannels
    | GetChannel
    | Subscribe
    | Unsubscribe
    | ListSubscriptions
    | ListSubscribers
    | History
    | ShowMessage
    | Tail
    | ListBots
    | ListDead
    | ReplayDead
    | DropDead
)


def _check_headers(headers: dict[str, str]) -> None:
    for name in headers:
        if not 0 < len(name) <= MAX_TEXT:
            raise ValueError(f"the name of a header must be 1-{MAX_TEXT} characters")


LONGEST = 10 * 366 * 86400.0
"""Ten years in seconds: a longer ttl or delay is a mistake in the unit."""
LONGEST_LEASE = 86400.0


def _check_seconds(seconds: float | None, field: str, least: float = 0.0) -> None:
    if seconds is not None and not least <= seconds <= LONGEST:
        raise ValueError(f"{field} must be seconds from {least:g} to {LONGEST:g}, not {seconds:g}")


def _check_lease(seconds: float, field: str) -> None:
    if not 0.1 <= seconds <= LONGEST_LEASE:
        raise ValueError(f"{field} must be seconds from 0.1 to {LONGEST_LEASE:g}, not {seconds:g}")


def _check_count(count: int, field: str) -> None:
    if count < 1:
        raise ValueError(f"{field} must be 1 or more, not {count}")


def _check_reason(reason: str) -> None:
    if len(reason) > MAX_REASON:
        raise ValueError(f"reason must be at most {MAX_REASON} characters, not {len(reason)}")
