"""What can be done to the store, as values, and what comes of each.

An engine executes a batch of operations in one transaction and gives back, for each, its outcome or a
`Fault`. An operation is complete: it holds everything the engine needs, and nothing that only makes
sense inside one process. That is what makes group commit, atomic frames and a second engine the same
idea.
"""

from collections.abc import Iterator
from typing import ClassVar, Literal

from msgspec import Struct

from botbus_protocol.errors import Fault
from botbus_protocol.records import Channel, Subscription


class Operation(Struct, frozen=True, kw_only=True, gc=False):
    """What every operation is."""


class SaveMessage(Operation, frozen=True, kw_only=True):
    """Appends a message; the same id with the same content is a duplicate and stores nothing.

    Outcome: `Saved`. Faults: `not_found` (channel, recipient id, session), `conflict` (id taken).
    """

    id: str
    sender_id: str
    sender_name: str
    to: str | None = None
    """The recipient's name or id; a name that nobody has yet becomes a bot."""
    channel: str | None = None
    type: str
    body: str
    """JSON text."""
    reply_to: str | None = None
    thread_id: str | None = None
    hops: int = 0
    headers: str | None = None
    """JSON text of an object of texts."""
    expires_at: str | None = None
    deliver_at: str | None = None
    session_id: str | None = None
    sender_uid: int | None = None
    sender_pid: int | None = None


class Saved(Struct, frozen=True, kw_only=True, gc=False):
    id: str
    seq: int
    timestamp: str
    duplicate: bool = False
    recipient_id: str | None = None
    recipient_name: str | None = None
    known: bool = True
    """Whether the recipient has ever connected."""
    subscribers: int = 0


class SaveMessages(Operation, frozen=True, kw_only=True):
    """Appends messages of one sender, to bots or to channels, that have nothing but a type and a body.

    In columns: the first id belongs to the first body, and so on. Outcome: `SavedMessages` if all of
    them were saved at once, else `SavedSingly`.
    """

    sender_id: str
    sender_name: str
    sender_uid: int | None
    sender_pid: int | None
    published: bool
    """Whether the recipients are channels."""
    ids: list[str]
    recipients: list[str]
    types: list[str]
    bodies: list[str]

    def singly(self) -> Iterator[SaveMessage]:
        """The same, each by itself."""
        columns = zip(self.ids, self.recipients, self.types, self.bodies, strict=True)
        for message_id, recipient, kind, body in columns:
            yield SaveMessage(
                id=message_id,
                sender_id=self.sender_id,
                sender_name=self.sender_name,
                to=None if self.published else recipient,
                channel=recipient if self.published else None,
                type=kind,
                body=body,
                sender_uid=self.sender_uid,
                sender_pid=self.sender_pid,
            )


class KnownBot(Struct, frozen=True, gc=False):
    id: str
    name: str
    seen: bool
    """Whether it has ever connected."""


class SavedMessages(Struct, frozen=True, kw_only=True, gc=False):
    """All of them are new, and follow each other."""

    first: int
    """The seq of the first."""
    timestamp: str
    bots: dict[str, KnownBot]
    """By what the messages call them."""
    subscribers: dict[str, int]
    """By channel."""


class SavedSingly(Struct, frozen=True, gc=False):
    """One of them was refused, or anything in the batch was not new; outcomes as of single ones."""

    outcomes: list[Saved | Fault]


class RecallMessage(Operation, frozen=True):
    """Takes a message back. Outcome: `Recalled`. Faults: `not_found`, `denied`, `illegal_state`."""

    id: str
    sender_id: str


class Recalled(Struct, frozen=True, kw_only=True, gc=False):
    seq: int
    changed: bool


class SeeBot(Operation, frozen=True):
    """Notes that a bot is there, and makes it known if it was not. Outcome: `SeenBot`."""

    name: str


class SeenBot(Struct, frozen=True, kw_only=True, gc=False):
    id: str
    name: str


class CreateChannel(Operation, frozen=True):
    """Outcome: `CreatedChannel`, also if the channel was there."""

    name: str
    bot_id: str


class CreatedChannel(Struct, frozen=True, kw_only=True):
    channel: Channel
    created: bool


class Subscribe(Operation, frozen=True):
    """Outcome: `Subscribed`, also if the subscription was there. Faults: `not_found`."""

    bot_id: str
    channel: str
    start: str | int
    """`new`, `first`, a seq, or a stored time."""


class Subscribed(Struct, frozen=True, kw_only=True):
    subscription: Subscription
    created: bool


class Unsubscribe(Operation, frozen=True):
    """Outcome: `Unsubscribed`. Faults: `not_found` for an unknown channel."""

    bot_id: str
    channel: str


class Unsubscribed(Struct, frozen=True, kw_only=True):
    changed: bool
    put_off: list[int]
    """What was put off until later, never handed out, and is no longer for this bot."""


class Changed(Struct, frozen=True, kw_only=True, gc=False):
    changed: bool = True
    count: int = 0


CHANGED = Changed()
UNCHANGED = Changed(changed=False)

StoredState = Literal["leased", "waiting", "acked", "dead", "dropped", "expired"]


class RecordDelivery(Operation, frozen=True):
    """Writes what became of a delivery, whose holder is known to be the right one.

    Outcome: `Changed`.
    """

    seq: int
    bot_id: str
    state: StoredState
    attempts: int
    lease: str | None = None
    holder_pid: int | None = None
    first_fetched_at: str | None = None
    fetched_at: str | None = None
    due_at: str | None = None
    settled_at: str | None = None
    reason: str | None = None


class SettleUnknown(Operation, frozen=True):
    """Settles a delivery of which no process remembers the lease: a repeat, or one from before a
    restart. Outcome: `Changed`. Faults: `lease_lost`, `not_found`.
    """

    FINAL: ClassVar[frozenset[str]] = frozenset({"acked", "dead", "dropped", "expired"})

    seq: int
    bot_id: str
    lease: str
    state: StoredState
    vouched: bool
    """Whether the lease may have been given out though no row tells of it: before the present daemon
    started, or a moment ago."""
    counts: bool = True
    due_at: str | None = None
    reason: str | None = None


class MoveCursors(Operation, frozen=True):
    """Notes how far a bot's mailbox is accounted for in the deliveries. Outcome: `Changed`."""

    bot_id: str
    direct: int
    channels: dict[str, int]


class ReplayDead(Operation, frozen=True):
    """Puts dead letters back into the mailbox. Outcome: `Touched`."""

    bot_id: str
    seqs: list[int] | None
    """None for all, up to `MOST_DEAD` of them."""


class DropDead(Operation, frozen=True):
    """Gives dead letters up. Outcome: `Touched`."""

    bot_id: str
    seqs: list[int] | None


MOST_DEAD = 10_000
"""Dead letters that one operation touches at the most, so that it does not hold up the writer."""


class Touched(Struct, frozen=True, kw_only=True):
    seqs: list[int]


class BeginBoot(Operation, frozen=True):
    """Notes that a daemon starts to serve. Outcome: `Boot`."""

    version: str
    pid: int


class Boot(Struct, frozen=True, kw_only=True, gc=False):
    number: int


class TryWriting(Operation, frozen=True):
    """Writes and changes nothing: it succeeds if the disk takes anything. Outcome: `Changed`."""


Outcome = (
    Saved
    | SavedMessages
    | SavedSingly
    | Recalled
    | SeenBot
    | CreatedChannel
    | Subscribed
    | Unsubscribed
    | Changed
    | Touched
    | Boot
)
