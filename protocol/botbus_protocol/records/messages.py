"""Messages, deliveries, channels and bots."""

from typing import Any, Literal

from msgspec import Struct, field

DeliveryState = Literal[
    "pending", "leased", "waiting", "acked", "dead", "dropped", "expired", "recalled"
]


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A committed message. It never changes; what became of it is told by its deliveries."""

    seq: int
    """Place in commit order, over all messages of the daemon."""
    id: str
    sender: str
    recipient: str | None = None
    """The bot it was sent to; None for a channel message."""
    channel: str | None = None
    type: str = "message"
    body: Any = None
    reply_to: str | None = None
    thread: str | None = None
    """The id of the message that a chain of replies began with; None if this is no reply."""
    hops: int = 0
    """How many replies lie between this message and the beginning of its thread."""
    headers: dict[str, str] = field(default_factory=dict)
    timestamp: str = ""
    expires_at: str | None = None
    deliver_at: str | None = None
    session_id: str | None = None
    """The session of a workstream that it is part of."""


class Delivery(Struct, frozen=True, kw_only=True):
    """A message handed to one connection of a bot, for the time of its lease."""

    message: Message
    attempt: int
    """1 at the first delivery."""
    lease: str
    lease_expires_at: str


class DeliveryRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a message at one recipient."""

    bot: str
    state: DeliveryState
    attempts: int = 0
    holder_pid: int | None = None
    """The process that fetched it last."""
    first_fetched_at: str | None = None
    fetched_at: str | None = None
    due_at: str | None = None
    """When a waiting delivery is offered again, or a lease ends."""
    settled_at: str | None = None
    reason: str | None = None


class Channel(Struct, frozen=True, kw_only=True):
    name: str
    created_at: str
    created_by: str
    subscribers: int = 0
    last_seq: int = 0
    """The newest message in the channel; 0 if there is none."""


class Subscription(Struct, frozen=True, kw_only=True):
    bot: str
    channel: str
    subscribed_at: str
    cursor: int
    """Messages up to and including this seq are done with, or were never asked for."""


class Bot(Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    name: str
    first_seen_at: str | None = None
    """None for a bot that was sent messages and has never connected."""
    last_seen_at: str | None = None
    connections: int = 0
    """Live connections; 0 means offline."""


class DeadLetter(Struct, frozen=True, kw_only=True):
    bot: str
    message: Message
    attempts: int
    died_at: str
    reason: str
