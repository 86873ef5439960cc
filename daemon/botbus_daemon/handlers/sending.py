"""send, publish, recall: messages on their way to the disk."""

import time

import msgspec
from msgspec import Raw, Struct

from botbus_daemon.broker import Broker
from botbus_daemon.charges.mailboxes import Share
from botbus_daemon.courier import Courier
from botbus_daemon.monitoring.traces import HEADER
from botbus_daemon.parents import Parent
from botbus_daemon.plans import Caller, Plan, Write
from botbus_daemon.presence import Session
from botbus_daemon.reserved import check_target
from botbus_protocol import bodies, timestamps
from botbus_protocol.errors import Code, Refused
from botbus_protocol.grammar import looks_like_id
from botbus_protocol.records import Message
from botbus_protocol.replies import Done, Receipt
from botbus_protocol.requests import Ask, Publish, Recall, Send
from botbus_protocol.run_events import SYSTEM_BOT
from botbus_storage import clock
from botbus_storage.operations import Recalled, RecallMessage, Saved, SaveMessage

Letter = Send | Publish | Ask

_CHAIN_SHOWN = 6

_encode_headers = msgspec.json.Encoder().encode


async def send(broker: Broker, caller: Caller, request: Send | Publish) -> Plan:
    session = caller.bot()
    parent = None
    if request.reply_to is not None:
        parent = await parent_of(broker, session, request, request.reply_to)
    write = await write_letter(broker, session, request, parent)
    return remembered(broker, write, request.id) if caller.atomic else write


def remembered(broker: Broker, write: Write, message_id: str) -> Write:
    """In an atomic frame a reply may stand beside what it answers: that is known before it is saved."""
    operation = write.operation
    assert isinstance(operation, SaveMessage)
    broker.parents.add(message_id, operation.thread_id, operation.hops)

    def undo() -> None:
        broker.parents.forget(message_id)
        if write.undo is not None:
            write.undo()

    return Write(operation, write.then, undo)


async def write_letter(
    broker: Broker, session: Session, request: Letter, parent: Parent | None
) -> Write:
    """The plan that saves a message and hands it on. Raises Refused."""
    operation = save_operation(broker, session, request, parent)
    size = _size_of(operation)
    share = broker.charges.take(session.bot_id, operation.to, size)
    if share is None:
        share = await broker.charges.room_for(session, operation.to, size)
    posting = Posting(broker, session, request, operation, share, size)
    return Write(operation, posting.saved, posting.withdrawn)


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
        if self.operation.channel is None:
            self.share.landed(self.size)
        return saved(self.broker, self.session, self.request, self.operation, outcome)

    def withdrawn(self) -> None:
        """It could not be written."""
        if self.operation.channel is None:
            self.share.withdrawn(self.size)


def saved(
    broker: Broker, session: Session, request: Letter, operation: SaveMessage, outcome: Saved
) -> Receipt:
    """A message is on disk: hands it to whoever waits for it; the receipt."""
    streams = broker.streams
    if not outcome.duplicate:
        streams.head = max(streams.head, outcome.seq)
        if broker.wants(operation.channel, outcome.recipient_id):
            message = message_of(session, request, operation, outcome)
            broker.routed(message, outcome.recipient_id)
        if broker.traces is not None and HEADER in request.headers:
            to = operation.channel or outcome.recipient_name or ""
            broker.traces.stored(request.headers, outcome.id, to, outcome.timestamp)
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


def _size_of(operation: SaveMessage) -> int:
    """Bytes that a message is charged with."""
    body, headers = operation.body, operation.headers
    size = len(body) if body.isascii() else len(body.encode())
    return size if headers is None else size + len(headers.encode())


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
    to, channel = (None, request.channel) if isinstance(request, Publish) else (request.to, None)
    if (channel or to or "").startswith(SYSTEM_BOT):
        check_target(to, channel)
    if parent is None and not request.headers and _is_plain(request):
        return SaveMessage(  # most messages; what is left out costs nothing
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
    expires_at, deliver_at = _times(request)
    return SaveMessage(
        id=request.id,
        sender_id=session.bot_id,
        sender_name=session.bot,
        to=to,
        channel=channel,
        type=request.type,
        body=_body(request.body, limits.body_bytes),
        reply_to=request.reply_to,
        thread_id=parent.thread if parent else None,
        hops=parent.hops + 1 if parent else 0,
        headers=_headers(request.headers, limits.headers_bytes) if request.headers else None,
        expires_at=expires_at,
        deliver_at=deliver_at,
        session_id=request.session_id,
        sender_uid=peer.uid,
        sender_pid=peer.pid,
    )


def _body(raw: Raw, limit: int) -> str:
    try:
        text = bodies.to_json(raw)
    except ValueError as error:
        raise Refused(Code.INVALID, str(error)) from None
    _check_size("body", text, limit)
    return text


def _headers(headers: dict[str, str], limit: int) -> str:
    text = _encode_headers(headers).decode()
    _check_size("headers", text, limit)
    return text


def _check_size(what: str, text: str, limit: int) -> None:
    if len(text) * 4 > limit and (size := len(text.encode())) > limit:
        raise Refused(
            Code.TOO_LARGE,
            f"the {what} has {size} bytes as JSON and the limit is {limit}: "
            "put the data into a file and send its path",
            limit=f"{what}_bytes",
            figure=limit,
        )


def _is_plain(request: Letter) -> bool:
    """Whether it has neither times nor a session."""
    return (
        request.ttl is None
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


async def parent_of(broker: Broker, session: Session, request: Letter, reply_to: str) -> Parent:
    """The message that this one answers. Raises Refused: `not_found`, `loop`."""
    parent = broker.parents.get(reply_to)
    if parent is None:
        message = await broker.store.trail.find(reply_to)
        if message is None:
            raise Refused(
                Code.NOT_FOUND, f"there is no message {reply_to} to reply to: check reply_to"
            )
        broker.parents.remember(message)
        parent = Parent(message.thread or message.id, message.hops)
    await _guard(broker, session, request, parent.hops + 1)
    return parent


async def _guard(broker: Broker, session: Session, request: Letter, hops: int) -> None:
    recipient = await _name_of_recipient(broker, request)
    objection = broker.loop_guard.objection(session.bot, recipient, hops, time.monotonic())
    if objection is None:
        return
    links = await broker.store.trail.chain_of(request.reply_to or "", _CHAIN_SHOWN)
    chain = [session.bot, *links]
    raise Refused(
        Code.LOOP,
        f"{objection}: do these bots answer each other for ever? The chain ends "
        f"{' <- '.join(chain)}; to go on, send a message that is no reply",
        chain=chain,
        hops=hops,
    )


async def _name_of_recipient(broker: Broker, request: Letter) -> str:
    """The channel or the bot's name, also if the bot was named by its id."""
    if isinstance(request, Publish):
        return request.channel
    bot = await broker.store.directory.find_bot(request.to) if looks_like_id(request.to) else None
    return request.to if bot is None else bot.name


async def recall(broker: Broker, caller: Caller, request: Recall) -> Plan:
    session = caller.bot()
    message = await broker.store.trail.find(request.id)
    holders = [] if message is None else _withhold(broker, message)

    def undo() -> None:
        for courier in holders:
            courier.mailbox.release(message.seq if message else 0)
            courier.serve()

    def then(outcome: Recalled) -> Done:
        for courier in holders:
            courier.mailbox.settled(outcome.seq, ahead=True)
        return Done(changed=outcome.changed)

    return Write(RecallMessage(id=request.id, sender_id=session.bot_id), then, undo)


def _withhold(broker: Broker, message: Message) -> list[Courier]:
    """Keeps a message from being handed out while it is recalled. Raises Refused if it was."""
    couriers = [c for c in broker.loaded_couriers() if c.gatherer.receives(message)]
    for courier in couriers:
        delivery = courier.mailbox.open.get(message.seq)
        if delivery is not None and delivery.first_fetched_at is not None:
            raise Refused(
                Code.ILLEGAL_STATE,
                f"message {message.id} was already delivered to {courier.mailbox.bot}: "
                "it cannot be recalled",
                delivered_to=courier.mailbox.bot,
            )
    for courier in couriers:
        courier.mailbox.withhold(message.seq)
    return couriers
