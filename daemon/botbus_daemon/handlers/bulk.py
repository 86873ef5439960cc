"""Bulk mail: a frame of nothing but plain letters, planned and saved in one go.

What each of them would be asked alone is asked once for all of them, or once for each recipient, which
takes a fraction of the bytecodes (docs/performance.md). Whenever one of them needs a closer look none
is bulk mail, and each is planned alone, by `sending`: it tells what is wrong, and with which.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, ClassVar

from msgspec import Raw, Struct

from botbus_daemon.broker import Broker
from botbus_daemon.charges.mailboxes import Share
from botbus_daemon.handlers.posting import Posting, size_of
from botbus_daemon.presence import Session
from botbus_protocol import bodies
from botbus_protocol.bulk_mail import Letters
from botbus_protocol.codec import encode
from botbus_protocol.errors import Fault
from botbus_protocol.records import Message
from botbus_protocol.replies import Receipt, Reply
from botbus_protocol.requests import Publish, Send
from botbus_protocol.run_events import SYSTEM_BOT
from botbus_storage.engine import Result
from botbus_storage.operations import (
    Operation,
    Saved,
    SavedMessages,
    SavedSingly,
    SaveMessages,
)

_looks_reserved = re.compile(re.escape(SYSTEM_BOT)).match


def plan(broker: Broker, session: Session, letters: Letters) -> "BulkMail | None":
    """The letters of a frame, on their way; None if each has to be planned alone."""
    try:
        texts = bodies.all_to_json(letters.bodies)
    except ValueError:
        return None
    sizes = list(map(len if "".join(texts).isascii() else size_of, texts))
    if max(sizes) > broker.settings.limits.body_bytes:
        return None
    if any(map(_looks_reserved, set(letters.recipients))):
        return None
    if (postage := _postage(broker, session, letters, sizes)) is None:
        return None
    operation = _operation(session, letters, texts)
    return BulkMail(broker, session, letters, operation, postage)


def _operation(session: Session, letters: Letters, texts: list[str]) -> SaveMessages:
    peer = session.connection.peer
    return SaveMessages(
        sender_id=session.bot_id,
        sender_name=session.bot,
        sender_uid=peer.uid,
        sender_pid=peer.pid,
        published=letters.kind is Publish,
        ids=letters.ids,
        recipients=letters.recipients,
        types=letters.types,
        bodies=texts,
    )


class Postage(Struct, frozen=True, gc=False):
    """What the messages to one recipient are charged with."""

    share: Share
    size: int
    """Bytes."""
    messages: int


Paid = dict[str, Postage]
"""By recipient."""


def _postage(broker: Broker, session: Session, letters: Letters, sizes: list[int]) -> Paid | None:
    """None if somebody has to be asked first."""
    published = letters.kind is Publish
    paid: Paid = {}
    for recipient, (size, messages) in _loads(letters.recipients, sizes).items():
        to = None if published else recipient
        share = broker.charges.take(session.bot_id, to, size, messages)
        if share is None:
            _give_back(paid, published)
            return None
        paid[recipient] = Postage(share, size, messages)
    return paid


def _loads(recipients: list[str], sizes: list[int]) -> dict[str, tuple[int, int]]:
    """Bytes and messages, by recipient."""
    if recipients.count(recipients[0]) == len(recipients):  # as most
        return {recipients[0]: (sum(sizes), len(sizes))}
    each = defaultdict[str, list[int]](list)
    for recipient, size in zip(recipients, sizes, strict=True):
        each[recipient].append(size)
    return {recipient: (sum(found), len(found)) for recipient, found in each.items()}


def _give_back(paid: Paid, published: bool) -> None:
    """What mailboxes were charged; what is stored in all is measured anew where it matters."""
    if not published:
        for postage in paid.values():
            postage.share.withdrawn(postage.size, postage.messages)


class BulkMail(Struct, gc=False):
    """Plain letters on their way to the disk, charged to their sender; see `answers.Answering`."""

    atomic: ClassVar[bool] = False

    broker: Broker
    session: Session
    letters: Letters
    operation: SaveMessages
    postage: Paid
    said: Sequence[Reply | Fault] = ()
    refused: bool = False

    def operations(self) -> list[Operation]:
        return [self.operation]

    def settle(self, results: Sequence[Result]) -> None:
        """They are on disk, and handed to whoever waits for them; or they could not be written."""
        (outcome,) = results
        if type(outcome) is SavedMessages:
            self.said = self._saved(outcome)
        elif type(outcome) is SavedSingly:
            each = zip(self._postings(), outcome.outcomes, strict=True)
            self.said = [_saved_alone(posting, result) for posting, result in each]
            self.refused = Fault in map(type, self.said)
        else:
            assert type(outcome) is Fault
            _give_back(self.postage, self.operation.published)
            self.fail_whole(outcome)

    def fail_whole(self, fault: Fault) -> None:
        self.said = [fault] * len(self.letters.ids)
        self.refused = True

    def _saved(self, outcome: SavedMessages) -> list[Receipt]:
        last = outcome.first + len(self.letters.ids) - 1
        self.broker.streams.head = max(self.broker.streams.head, last)
        if not self.operation.published:
            for postage in self.postage.values():
                postage.share.landed(postage.size, postage.messages)
        self._hand_on(outcome)
        if self.operation.published:
            return self._receipts_of_channels(outcome)
        return self._receipts_of_bots(outcome)

    def _postings(self) -> Iterator[Posting]:
        """The same, each by itself."""
        each = zip(self.operation.singly(), self.letters.bodies, strict=True)
        for operation, body in each:
            recipient = operation.channel or operation.to or ""
            request = _request(self.letters.kind, operation.id, recipient, operation.type, body)
            share, size = self.postage[recipient].share, size_of(operation.body)
            yield Posting(self.broker, self.session, request, operation, share, size)

    def _hand_on(self, outcome: SavedMessages) -> None:
        wants = self.broker.wants
        if self.operation.published:
            wanted = {channel for channel in outcome.subscribers if wants(channel, None)}
        else:
            wanted = {to for to, bot in outcome.bots.items() if wants(None, bot.id)}
        if not wanted:
            return
        for place, recipient in enumerate(self.letters.recipients):
            if recipient in wanted:
                bot = outcome.bots.get(recipient)
                message = self._message(place, outcome, None if bot is None else bot.name)
                self.broker.routed(message, None if bot is None else bot.id)

    def _message(self, place: int, outcome: SavedMessages, bot: str | None) -> Message:
        """As it is handed on; `bot` is the name of its recipient, if that is one."""
        letters = self.letters
        return Message(
            seq=outcome.first + place,
            id=letters.ids[place],
            sender=self.session.bot,
            recipient=bot,
            channel=letters.recipients[place] if bot is None else None,
            type=letters.types[place],
            body=Raw(encode(letters.bodies[place])),
            headers={},
            timestamp=outcome.timestamp,
        )

    def _receipts_of_bots(self, outcome: SavedMessages) -> list[Receipt]:
        operation, when = self.operation, outcome.timestamp
        connected = self.broker.presence.connected
        known = {to: bot.seen for to, bot in outcome.bots.items()}
        here = {to: connected(bot.id) > 0 for to, bot in outcome.bots.items()}
        columns = zip(
            operation.ids,
            count(outcome.first),
            map(known.__getitem__, operation.recipients),
            map(here.__getitem__, operation.recipients),
        )
        return [
            Receipt(id=message_id, seq=seq, timestamp=when, known=seen, connected=there)
            for message_id, seq, seen, there in columns
        ]

    def _receipts_of_channels(self, outcome: SavedMessages) -> list[Receipt]:
        operation, when = self.operation, outcome.timestamp
        subscribers = map(outcome.subscribers.__getitem__, operation.recipients)
        columns = zip(operation.ids, count(outcome.first), subscribers)
        return [
            Receipt(id=message_id, seq=seq, timestamp=when, recipients=recipients)
            for message_id, seq, recipients in columns
        ]


def _request(
    kind: type[Send | Publish], message_id: str, recipient: str, message_type: str, body: Any
) -> Send | Publish:
    raw = Raw(encode(body))
    if kind is Publish:
        return Publish(id=message_id, channel=recipient, type=message_type, body=raw)
    return Send(id=message_id, to=recipient, type=message_type, body=raw)


def _saved_alone(posting: Posting, outcome: Saved | Fault) -> Receipt | Fault:
    if isinstance(outcome, Saved):
        return posting.saved(outcome)
    posting.withdrawn()
    return outcome
