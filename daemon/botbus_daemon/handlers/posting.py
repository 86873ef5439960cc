"""A message on its way to the disk: what is stored of it, whom it is charged to, and the receipt.

Planned from memory; only for a mailbox that is full, or not known yet, is somebody asked.
"""

import msgspec
from msgspec import Raw, Struct

from botbus_daemon.broker import Broker
from botbus_daemon.charges.mailboxes import Share
from botbus_daemon.monitoring.traces import HEADER
from botbus_daemon.parents import Parent
from botbus_daemon.plans import Write
from botbus_daemon.presence import Session
from botbus_daemon.reserved import check_target
from botbus_protocol import bodies, timestamps
from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import Message
from botbus_protocol.replies import Receipt
from botbus_protocol.requests import Ask, Publish, Send
from botbus_protocol.run_events import SYSTEM_BOT
from botbus_storage import clock
from botbus_storage.operations import Saved, SaveMessage

Letter = Send | Publish | Ask

_encode_headers = msgspec.json.Encoder().encode


async def write_letter(
    broker: Broker, session: Session, request: Letter, parent: Parent | None
) -> Write:
    """The plan that saves a message and hands it on. Raises Refused."""
    operation = save_operation(broker, session, request, parent)
    write = charged(broker, session, request, operation)
    return write or await charged_later(broker, session, request, operation)


def charged(
    broker: Broker, session: Session, request: Letter, operation: SaveMessage
) -> Write | None:
    """The plan, charged to its sender; None if somebody has to be asked first (`charged_later`)."""
    size = _size_with_headers(operation)
    share = broker.charges.take(session.bot_id, operation.to, size)
    if share is None:
        return None
    return _write_of(Posting(broker, session, request, operation, share, size))


async def charged_later(
    broker: Broker, session: Session, request: Letter, operation: SaveMessage
) -> Write:
    """As `charged`, once it is known whether there is room. Raises Refused: `limit`."""
    size = _size_with_headers(operation)
    share = await broker.charges.room_for(session, operation.to, size)
    return _write_of(Posting(broker, session, request, operation, share, size))


class Posting(Struct, frozen=True, gc=False):
    """A message on its way to the disk, charged to its sender."""

    broker: Broker
    session: Session
    request: Letter
    operation: SaveMessage
    share: Share
    size: int

    def saved(self, outcome: Saved) -> Receipt:
        """It is on disk: hands it to whoever waits for it; the receipt."""
        broker, operation = self.broker, self.operation
        if operation.channel is None:
            self.share.landed(self.size)
        if not outcome.duplicate:
            broker.streams.head = max(broker.streams.head, outcome.seq)
            if broker.wants(operation.channel, outcome.recipient_id):
                message = message_of(self.session, self.request, operation, outcome)
                broker.routed(message, outcome.recipient_id)
            if broker.traces is not None and HEADER in self.request.headers:
                to = operation.channel or outcome.recipient_name or ""
                broker.traces.stored(self.request.headers, outcome.id, to, outcome.timestamp)
        if operation.channel is not None:
            return Receipt(
                id=outcome.id,
                seq=outcome.seq,
                timestamp=outcome.timestamp,
                duplicate=outcome.duplicate,
                recipients=outcome.subscribers,
            )
        return Receipt(
            id=outcome.id,
            seq=outcome.seq,
            timestamp=outcome.timestamp,
            duplicate=outcome.duplicate,
            known=outcome.known,
            connected=broker.presence.connected(outcome.recipient_id) > 0,
        )

    def withdrawn(self) -> None:
        """It could not be written."""
        if self.operation.channel is None:
            self.share.withdrawn(self.size)


def _write_of(posting: Posting) -> Write:
    return Write(posting.operation, posting.saved, posting.withdrawn)


def _size_with_headers(operation: SaveMessage) -> int:
    """Bytes that a message is charged with."""
    headers = operation.headers
    return size_of(operation.body) + (0 if headers is None else size_of(headers))


def size_of(text: str) -> int:
    """Bytes of a text."""
    return len(text) if text.isascii() else len(text.encode())


def message_of(
    session: Session, request: Letter, operation: SaveMessage, outcome: Saved
) -> Message:
    return Message(
        seq=outcome.seq,
        id=outcome.id,
        sender=session.bot,
        recipient=outcome.recipient_name,
        channel=operation.channel,
        type=operation.type,
        body=request.body.copy(),  # else it would hold on to the whole frame
        reply_to=operation.reply_to,
        thread=operation.thread_id,
        hops=operation.hops,
        headers=request.headers,
        timestamp=outcome.timestamp,
        expires_at=operation.expires_at,
        deliver_at=operation.deliver_at,
        session_id=operation.session_id,
    )


def save_operation(
    broker: Broker, session: Session, request: Letter, parent: Parent | None
) -> SaveMessage:
    """The operation that saves a message. Raises Refused if its content cannot be taken."""
    limits = broker.settings.limits
    peer = session.connection.peer
    to, channel = (None, request.channel) if type(request) is Publish else (request.to, None)
    if (channel or to or "").startswith(SYSTEM_BOT):
        check_target(to, channel)
    plain = SaveMessage(  # what is left out costs nothing
        id=request.id,
        sender_id=session.bot_id,
        sender_name=session.bot,
        to=to,
        channel=channel,
        type=request.type,
        body=_body(request.body, limits.body_bytes),
        sender_uid=peer.uid,
        sender_pid=peer.pid,
    )
    if parent is None and is_plain(request):
        return plain  # as most are
    expires_at, deliver_at = _times(request)
    return msgspec.structs.replace(
        plain,
        reply_to=request.reply_to,
        thread_id=parent.thread if parent else None,
        hops=parent.hops + 1 if parent else 0,
        headers=_headers(request.headers, limits.headers_bytes) if request.headers else None,
        expires_at=expires_at,
        deliver_at=deliver_at,
        session_id=request.session_id,
    )


def _body(raw: Raw, limit: int) -> str:
    try:
        text = bodies.to_json(raw)
    except ValueError as error:
        raise Refused(Code.INVALID, str(error)) from None
    if may_be_too_large(text, limit):
        _check_size("body", text, limit)
    return text


def may_be_too_large(text: str, limit: int) -> bool:
    """Whether a text may have more bytes than that: no character has more than four."""
    return len(text) * 4 > limit


def _headers(headers: dict[str, str], limit: int) -> str:
    text = _encode_headers(headers).decode()
    _check_size("headers", text, limit)
    return text


def _check_size(what: str, text: str, limit: int) -> None:
    if (size := size_of(text)) > limit:
        raise Refused(
            Code.TOO_LARGE,
            f"the {what} has {size} bytes as JSON and the limit is {limit}: "
            "put the data into a file and send its path",
            limit=f"{what}_bytes",
            figure=limit,
        )


def is_plain(request: Letter) -> bool:
    """Whether it has nothing but a type and a body."""
    return (
        request.reply_to is None
        and not request.headers
        and request.ttl is None
        and request.delay is None
        and request.deliver_at is None
        and request.session_id is None
    )


def _times(request: Letter) -> tuple[str | None, str | None]:
    """When a message expires, and before when it is not delivered."""
    now = clock.now()
    expires_at = None if request.ttl is None else timestamps.from_epoch(now + request.ttl)
    if request.deliver_at is not None:
        return expires_at, timestamps.normal_time(request.deliver_at, "deliver_at")
    return expires_at, timestamps.from_epoch(now + request.delay) if request.delay else None
