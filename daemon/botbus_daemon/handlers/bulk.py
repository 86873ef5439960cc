"""Bulk mail: plain letters that stand side by side in a frame, planned and saved in one go.

A letter is plain if it is sent or published and has nothing but a type and a body, as most are. What
each of them would be asked alone is asked once for all of them, or once for each recipient, which takes
a fifth of the bytecodes (docs/performance.md). Whenever one of them needs a closer look none is bulk
mail, and each is planned alone, by `sending`: it tells what is wrong, and with which.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, groupby
from operator import attrgetter
from typing import Any

from msgspec import Struct

from botbus_daemon.broker import Broker
from botbus_daemon.charges.mailboxes import Share
from botbus_daemon.handlers.posting import Posting, is_plain, may_be_too_large, size_of
from botbus_daemon.plans import Caller, Writes
from botbus_daemon.presence import Session
from botbus_protocol import bodies
from botbus_protocol.errors import Fault
from botbus_protocol.records import Message
from botbus_protocol.replies import Receipt
from botbus_protocol.requests import Publish, Send
from botbus_protocol.run_events import SYSTEM_BOT
from botbus_storage.operations import (
    KnownBot,
    Saved,
    SavedMessages,
    SavedSingly,
    SaveMessages,
)

Plain = Send | Publish

WORTH_IT = 6
"""Letters that are planned together at the least; fewer are quicker alone."""

_BOT_OF = attrgetter("to")
_CHANNEL_OF = attrgetter("channel")


def runs(asked: list[Any]) -> Iterable[tuple[bool, list[Any]]]:
    """What is asked for in a frame, in runs: of plain letters of one type (True), and of anything."""
    return ((False, asked),) if len(asked) == 1 else _runs(asked)


def _runs(asked: list[Any]) -> Iterator[tuple[bool, list[Any]]]:
    for kind, alike in groupby(asked, type):
        if kind is Send or kind is Publish:
            for plain, run in groupby(alike, is_plain):
                yield plain, list(run)
        else:
            yield False, list(alike)


def plan(broker: Broker, caller: Caller, requests: Sequence[Plain]) -> Writes | None:
    """The plan for plain letters of one kind; None if each has to be planned alone."""
    if caller.session is None or not caller.connection.trusted or broker.charges.asks_always:
        return None
    try:
        operation = _operation(caller.session, requests)
    except ValueError:
        return None
    if _too_large(operation.bodies, broker.settings.limits.body_bytes):
        return None
    if any(recipient.startswith(SYSTEM_BOT) for recipient in set(operation.recipients)):
        return None
    if (postage := _postage(broker, operation)) is None:
        return None
    mail = BulkMail(broker, caller.session, requests, operation, postage)
    return Writes(operation, mail.saved, mail.withdrawn)


def _operation(session: Session, requests: Sequence[Plain]) -> SaveMessages:
    """Raises ValueError if one of them has a body that cannot be stored."""
    peer = session.connection.peer
    published = type(requests[0]) is Publish
    recipients = list(map(_CHANNEL_OF if published else _BOT_OF, requests))
    return SaveMessages(
        sender_id=session.bot_id,
        sender_name=session.bot,
        sender_uid=peer.uid,
        sender_pid=peer.pid,
        published=published,
        ids=[request.id for request in requests],
        recipients=recipients,
        types=[request.type for request in requests],
        bodies=bodies.all_to_json([request.body for request in requests]),
    )


def _too_large(texts: list[str], limit: int) -> bool:
    return may_be_too_large(max(texts, key=len), limit) and max(map(size_of, texts)) > limit


class Postage(Struct, frozen=True, gc=False):
    """What the messages to one recipient are charged with."""

    share: Share
    size: int
    """Bytes."""
    messages: int


def _postage(broker: Broker, operation: SaveMessages) -> dict[str, Postage] | None:
    """By recipient; None if somebody has to be asked first."""
    sizes = _sizes(operation.recipients, operation.bodies)
    paid: dict[str, Postage] = {}
    for recipient, messages in Counter(operation.recipients).items():
        to, size = None if operation.published else recipient, sizes[recipient]
        share = broker.charges.take(operation.sender_id, to, size, messages)
        if share is None:
            _give_back(paid, operation)
            return None
        paid[recipient] = Postage(share, size, messages)
    return paid


def _sizes(recipients: list[str], texts: list[str]) -> dict[str, int]:
    """Bytes by recipient."""
    each = map(len if all(map(str.isascii, texts)) else size_of, texts)
    if recipients.count(recipients[0]) == len(recipients):
        return {recipients[0]: sum(each)}
    sizes = dict.fromkeys(recipients, 0)
    for recipient, size in zip(recipients, each, strict=True):
        sizes[recipient] += size
    return sizes


def _give_back(paid: dict[str, Postage], operation: SaveMessages) -> None:
    """What mailboxes were charged; what is stored in all is measured anew where it matters."""
    if not operation.published:
        for postage in paid.values():
            postage.share.withdrawn(postage.size, postage.messages)


class BulkMail(Struct, frozen=True, gc=False):
    """Plain letters on their way to the disk, charged to their sender."""

    broker: Broker
    session: Session
    requests: Sequence[Plain]
    operation: SaveMessages
    postage: dict[str, Postage]

    def saved(self, outcome: SavedMessages | SavedSingly) -> list[Receipt | Fault]:
        """They are on disk: hands them to whoever waits for them; the receipts."""
        if type(outcome) is SavedSingly:
            each = zip(self._postings(), outcome.outcomes, strict=True)
            return [_saved_alone(posting, result) for posting, result in each]
        assert type(outcome) is SavedMessages
        last = outcome.first + len(self.requests) - 1
        self.broker.streams.head = max(self.broker.streams.head, last)
        if not self.operation.published:
            for postage in self.postage.values():
                postage.share.landed(postage.size, postage.messages)
        self._hand_on(outcome)
        if self.operation.published:
            return self._receipts_of_channels(outcome)
        return self._receipts_of_bots(outcome)

    def withdrawn(self) -> None:
        """They could not be written."""
        _give_back(self.postage, self.operation)

    def _postings(self) -> Iterator[Posting]:
        """The same, each by itself."""
        for request, operation in zip(self.requests, self.operation.singly(), strict=True):
            share, size = self.postage[_recipient(request)].share, size_of(operation.body)
            yield Posting(self.broker, self.session, request, operation, share, size)

    def _hand_on(self, outcome: SavedMessages) -> None:
        wants = self.broker.wants
        wanted = {to for to, bot in outcome.bots.items() if wants(None, bot.id)}
        wanted |= {channel for channel in outcome.subscribers if wants(channel, None)}
        if not wanted:
            return
        for seq, request in enumerate(self.requests, outcome.first):
            if (recipient := _recipient(request)) in wanted:
                self._route(seq, request, outcome.bots.get(recipient), outcome.timestamp)

    def _route(self, seq: int, request: Plain, bot: KnownBot | None, timestamp: str) -> None:
        message = Message(
            seq=seq,
            id=request.id,
            sender=self.session.bot,
            recipient=None if bot is None else bot.name,
            channel=request.channel if type(request) is Publish else None,
            type=request.type,
            body=request.body.copy(),  # else it would hold on to the whole frame
            headers=request.headers,
            timestamp=timestamp,
        )
        self.broker.routed(message, None if bot is None else bot.id)

    def _receipts_of_bots(self, outcome: SavedMessages) -> list[Receipt | Fault]:
        operation, when = self.operation, outcome.timestamp
        connected = self.broker.presence.connected
        known = {to: bot.seen for to, bot in outcome.bots.items()}
        here = {to: connected(bot.id) > 0 for to, bot in outcome.bots.items()}
        return [
            Receipt(id=message_id, seq=seq, timestamp=when, known=known[to], connected=here[to])
            for seq, message_id, to in zip(
                count(outcome.first), operation.ids, operation.recipients
            )
        ]

    def _receipts_of_channels(self, outcome: SavedMessages) -> list[Receipt | Fault]:
        operation, when, subscribers = self.operation, outcome.timestamp, outcome.subscribers
        return [
            Receipt(id=message_id, seq=seq, timestamp=when, recipients=subscribers[channel])
            for seq, message_id, channel in zip(
                count(outcome.first), operation.ids, operation.recipients
            )
        ]


def _recipient(request: Plain) -> str:
    return request.channel if type(request) is Publish else request.to


def _saved_alone(posting: Posting, outcome: Saved | Fault) -> Receipt | Fault:
    if isinstance(outcome, Saved):
        return posting.saved(outcome)
    posting.withdrawn()
    return outcome
