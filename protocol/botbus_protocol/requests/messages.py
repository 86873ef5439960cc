"""The requests about messages: sending, taking back, looking up, watching."""

from typing import ClassVar, final

from msgspec import Raw, field

from botbus_protocol.grammar import check_id, check_name, check_name_or_id, is_id
from botbus_protocol.requests.request import Request, Seq, check_count, check_seconds
from botbus_protocol.timestamps import parse_time

MAX_TEXT = 256
"""Longest message type, and longest name of a header, in characters."""


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
    session_id: str | None = None
    """The session that it is part of."""

    def __post_init__(self) -> None:
        if is_id(self.id) is None:  # asked here first, because a call takes longer
            check_id(self.id, "id")
        if self.type != "message" and not 0 < len(self.type) <= MAX_TEXT:
            raise ValueError(f"type must be 1-{MAX_TEXT} characters")
        if self.reply_to is not None:
            check_id(self.reply_to, "reply_to")
        if self.headers:
            _check_headers(self.headers)
        if self.ttl is not None or self.delay is not None or self.deliver_at is not None:
            self._check_times()
        if self.session_id is not None:
            check_id(self.session_id, "session_id")

    def _check_times(self) -> None:
        check_seconds(self.ttl, "ttl", least=0.001)
        check_seconds(self.delay, "delay")
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


@final
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
        check_seconds(self.timeout, "timeout")
        _Letter.__post_init__(self)


class Recall(Request, frozen=True, tag="recall"):
    """Takes back a message of one's own that nobody has been handed yet."""

    mutates: ClassVar[bool] = True

    id: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class History(Request, frozen=True, tag="history"):
    """Messages of a pair of bots, a channel, a thread or a session, newest first (`after`: oldest)."""

    between: tuple[str, str] | None = None
    channel: str | None = None
    thread: str | None = None
    session_id: str | None = None
    limit: int = 50
    before: str | Seq | None = None
    """Only messages before this seq or time."""
    after: str | Seq | None = None
    """Only messages after this seq or time."""

    def __post_init__(self) -> None:
        given = (self.between, self.channel, self.thread, self.session_id)
        if sum(x is not None for x in given) != 1:
            raise ValueError("history is of one thing: give between, channel, thread or session_id")
        for name in self.between or ():
            check_name_or_id(name, "between")
        if self.channel is not None:
            check_name(self.channel, "channel")
        if self.thread is not None:
            check_id(self.thread, "thread")
        if self.session_id is not None:
            check_id(self.session_id, "session_id")
        check_count(self.limit, "limit")
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
        check_count(self.max, "max")
        check_seconds(self.wait, "wait")


MessageRequest = Send | Publish | Ask | Recall | History | ShowMessage | Tail


def _check_headers(headers: dict[str, str]) -> None:
    for name in headers:
        if not 0 < len(name) <= MAX_TEXT:
            raise ValueError(f"the name of a header must be 1-{MAX_TEXT} characters")
