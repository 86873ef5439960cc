"""ack, nak, extend, term: what a holder says of its delivery.

The mailbox in memory knows who holds what, and decides. Only a lease that it does not know (a repeat of
something already settled, or a lease from before a restart) is looked up on disk.
"""

import asyncio
import re

from botbus_daemon.backoff import backoff, exhausted
from botbus_daemon.broker import Broker
from botbus_daemon.courier import Courier
from botbus_daemon.deliveries import OpenDelivery
from botbus_daemon.plans import Caller, Plan, Write
from botbus_daemon.recording import row_of
from botbus_protocol import timestamps
from botbus_protocol.errors import Code, Refused
from botbus_protocol.replies import Done, Lease
from botbus_protocol.requests import Ack, Extend, Nak, Term
from botbus_storage import clock
from botbus_storage.operations import Changed, SettleUnknown, StoredState

Settle = Ack | Nak | Term

_LEASE = re.compile(r"([0-9]{1,18})\.[0-9]{1,18}")
"""The start of the daemon that a lease was given in, and its number."""


async def ack(broker: Broker, caller: Caller, request: Ack) -> Plan:
    courier = await _own_courier(broker, caller)
    delivery = courier.mailbox.open.get(request.seq)
    if delivery is None or _decided(delivery, request):
        return _settle_unknown(broker, courier, request, "acked")
    return _settle(courier, delivery, "acked")


async def term(broker: Broker, caller: Caller, request: Term) -> Plan:
    courier = await _own_courier(broker, caller)
    delivery = courier.mailbox.open.get(request.seq)
    reason = request.reason or "terminated by its holder"
    if delivery is None or _decided(delivery, request):
        return _settle_unknown(broker, courier, request, "dead", reason=reason)
    return _settle(courier, delivery, "dead", reason)


async def nak(broker: Broker, caller: Caller, request: Nak) -> Plan:
    courier = await _own_courier(broker, caller)
    delivery = courier.mailbox.open.get(request.seq)
    if delivery is None:
        due = timestamps.from_epoch(clock.now() + (request.delay or 0.0))
        return _settle_unknown(
            broker, courier, request, "waiting", reason=request.reason or None, due_at=due
        )
    _check_lease(delivery, request)
    if delivery.state != "leased":
        return Done(changed=False)  # it came back already, by its deadline or an earlier nak
    if request.counts and exhausted(broker.policy, delivery.attempts):
        why = request.reason or "not acknowledged"
        return _settle(
            courier, delivery, "dead", f"given up after {delivery.attempts} deliveries: {why}"
        )
    return _put_back(broker, courier, delivery, request)


def _put_back(broker: Broker, courier: Courier, delivery: OpenDelivery, request: Nak) -> Write:
    attempts = delivery.attempts if request.counts else delivery.attempts - 1
    delay = request.delay
    if delay is None:
        delay = backoff(broker.policy, delivery.attempts) if request.counts else 0.0
    mailbox = courier.mailbox
    mailbox.settling(delivery)

    def then(_: Changed) -> Done:
        if delivery.state != "gone":  # retention may have taken the message meanwhile
            delivery.attempts = attempts
            courier.postpone(delivery, delay, recorded=True)
        return Done()

    return Write(
        row_of(
            delivery,
            mailbox.bot_id,
            "waiting",
            due_in=delay,
            attempts=attempts,
            reason=request.reason or None,
        ),
        then,
        lambda: courier.could_not_settle(delivery),
    )


def _settle(
    courier: Courier, delivery: OpenDelivery, state: StoredState, reason: str | None = None
) -> Write:
    courier.mailbox.settling(delivery)

    def then(_: Changed) -> Done:
        courier.settled(delivery.seq)
        return Done()

    return Write(
        row_of(delivery, courier.mailbox.bot_id, state, reason=reason),
        then,
        lambda: courier.could_not_settle(delivery),
    )


def _settle_unknown(
    broker: Broker,
    courier: Courier,
    request: Settle,
    state: StoredState,
    *,
    reason: str | None = None,
    due_at: str | None = None,
) -> Write:
    mailbox = courier.mailbox
    mailbox.withhold(request.seq)

    def then(outcome: Changed) -> Done:
        courier.settled(request.seq)
        if isinstance(request, Nak) and outcome.changed:
            delivery = OpenDelivery(request.seq)
            delivery.attempts, delivery.lease = int(request.counts), request.lease
            courier.adopt(delivery, request.delay or 0.0)
        return Done(changed=outcome.changed)

    def undo() -> None:
        mailbox.release(request.seq)
        courier.serve()

    return Write(
        SettleUnknown(
            seq=request.seq,
            bot_id=mailbox.bot_id,
            lease=request.lease,
            state=state,
            vouched=request.seq in mailbox.open or _from_earlier_boot(broker, request.lease),
            counts=not isinstance(request, Nak) or request.counts,
            due_at=due_at,
            reason=reason,
        ),
        then,
        undo,
    )


def _from_earlier_boot(broker: Broker, lease: str) -> bool:
    lease_of = _LEASE.fullmatch(lease)
    return lease_of is not None and int(lease_of[1]) < broker.boot


async def extend(broker: Broker, caller: Caller, request: Extend) -> Plan:
    courier = await _own_courier(broker, caller)
    delivery = courier.mailbox.open.get(request.seq)
    if delivery is None or delivery.state != "leased":
        raise _lost(request.seq)
    _check_lease(delivery, request)
    deadline = asyncio.get_running_loop().time() + request.seconds
    courier.extend(delivery, deadline)
    return Lease(lease_expires_at=timestamps.from_epoch(clock.now() + request.seconds))


async def _own_courier(broker: Broker, caller: Caller) -> Courier:
    session = caller.bot()
    return await broker.courier(session.bot_id, session.bot)


def _decided(delivery: OpenDelivery, request: Settle) -> bool:
    """Whether a verdict is on its way to the disk already. Raises Refused for a wrong lease."""
    _check_lease(delivery, request)
    return delivery.state == "settling"


def _check_lease(delivery: OpenDelivery, request: Settle | Extend) -> None:
    if delivery.lease is None and delivery.first_fetched_at is None:
        raise Refused(
            Code.NOT_FOUND,
            f"message {request.seq} was never delivered to this bot: settle only what was fetched",
            seq=request.seq,
        )
    if delivery.lease != request.lease:
        raise _lost(request.seq)


def _lost(seq: int) -> Refused:
    return Refused(
        Code.LEASE_LOST,
        f"the lease on message {seq} has ended and it was offered again: do not settle it",
        seq=seq,
    )
