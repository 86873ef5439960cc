"""ask: a message whose first reply is the answer."""

from botbus_daemon.broker import Broker
from botbus_daemon.handlers.posting import write_letter
from botbus_daemon.handlers.sending import parent_of
from botbus_daemon.parents import Parent
from botbus_daemon.parking import park
from botbus_daemon.plans import Caller, Plan
from botbus_daemon.presence import Session
from botbus_protocol.errors import Code, Fault, Refused
from botbus_protocol.records import Message
from botbus_protocol.replies import Answer, Receipt
from botbus_protocol.requests import Ask


async def ask(broker: Broker, caller: Caller, request: Ask) -> Plan:
    session = caller.bot()
    parent = None
    if request.reply_to is not None:
        parent = await parent_of(broker, session, request, request.reply_to)
    question = broker.questions.open(request.id, session)
    try:
        receipt = await _put(broker, session, request, parent)
        earlier = await _earlier_reply(broker, session, receipt) if receipt.duplicate else None
        if earlier is not None:
            return Answer(receipt=receipt, reply=earlier)
        reply = await park(broker, caller, question.answer, request.timeout)
        return Answer(receipt=receipt, reply=reply)
    finally:
        broker.questions.close(request.id, question)


async def _put(broker: Broker, session: Session, request: Ask, parent: Parent | None) -> Receipt:
    """Commits the question; its receipt."""
    plan = await write_letter(broker, session, request, parent)
    (result,) = await broker.store.submit([plan.operation])
    if isinstance(result, Fault):
        if plan.undo is not None:
            plan.undo()
        raise Refused(Code(result.code), result.message, **(result.details or {}))
    receipt = plan.then(result)
    broker.serve_woken()
    assert isinstance(receipt, Receipt)
    return receipt


async def _earlier_reply(broker: Broker, session: Session, receipt: Receipt) -> Message | None:
    """A question that was asked before may have been answered while nobody listened."""
    message = await broker.store.trail.find(receipt.id)
    if message is None:
        return None
    reply = await broker.store.trail.first_reply(message, session.bot_id)
    if reply is not None:
        broker.settle_answer(reply, session)
    return reply
