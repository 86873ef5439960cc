"""send, publish, recall: messages on their way to the disk, and back."""

import time

from botbus_daemon.broker import Broker
from botbus_daemon.courier import Courier
from botbus_daemon.handlers.posting import (
    Letter,
    charged,
    charged_later,
    save_operation,
    write_letter,
)
from botbus_daemon.parents import Parent
from botbus_daemon.plans import Caller, Plan, Planning, Write
from botbus_daemon.presence import Session
from botbus_protocol.errors import Code, Refused
from botbus_protocol.grammar import looks_like_id
from botbus_protocol.records import Message
from botbus_protocol.replies import Done
from botbus_protocol.requests import Publish, Recall, Send
from botbus_storage.operations import Recalled, RecallMessage, SaveMessage

_CHAIN_SHOWN = 6


def send(broker: Broker, caller: Caller, request: Send | Publish) -> Plan | Planning:
    session = caller.bot()
    if request.reply_to is not None:
        return _send_reply(broker, caller, request, request.reply_to)
    operation = save_operation(broker, session, request, None)
    write = charged(broker, session, request, operation)
    if write is None:
        return _send_later(broker, caller, request, operation)
    return remembered(broker, write, request.id) if caller.atomic else write


async def _send_reply(
    broker: Broker, caller: Caller, request: Send | Publish, reply_to: str
) -> Plan:
    session = caller.bot()
    parent = await parent_of(broker, session, request, reply_to)
    write = await write_letter(broker, session, request, parent)
    return remembered(broker, write, request.id) if caller.atomic else write


async def _send_later(
    broker: Broker, caller: Caller, request: Send | Publish, operation: SaveMessage
) -> Plan:
    write = await charged_later(broker, caller.bot(), request, operation)
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
