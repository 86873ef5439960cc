"""fetch, cancel_fetch, peek: reading one's own mailbox."""

import asyncio
from typing import Any

from botbus_daemon.broker import Broker
from botbus_daemon.courier import Courier, Fetcher
from botbus_daemon.parking import park
from botbus_daemon.plans import Caller, Plan
from botbus_daemon.watchers import Filter, Watcher
from botbus_protocol import timestamps
from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import Delivery, Message
from botbus_protocol.replies import Deliveries, Done, Messages
from botbus_protocol.requests import CancelFetch, Fetch, Peek
from botbus_storage import clock


async def fetch(broker: Broker, caller: Caller, request: Fetch) -> Plan:
    session = caller.bot()
    courier = await broker.courier(session.bot_id, session.bot)
    if request.ticket in session.cancelled_tickets or session.closed:
        return Deliveries(deliveries=[])
    fetcher = Fetcher(
        session,
        min(request.max, broker.settings.limits.fetch_messages),
        request.lease,
        request.ticket,
        asyncio.get_running_loop().create_future(),
    )
    return Deliveries(deliveries=await _served(broker, caller, courier, fetcher, request.wait))


async def _served(
    broker: Broker, caller: Caller, courier: Courier, fetcher: Fetcher, wait: float
) -> list[Delivery]:
    """What there is; if there is nothing, what comes within the wait."""
    courier.park(fetcher)
    courier.serve()
    try:
        while (filling := courier.gatherer.filling) is not None and not fetcher.future.done():
            either: set[asyncio.Future[Any]] = {filling, fetcher.future}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not fetcher.future.done() and wait > 0:
            await park(broker, caller, fetcher.future, wait)
    finally:
        courier.unpark(fetcher)
    return fetcher.future.result() if fetcher.future.done() else []


async def cancel_fetch(broker: Broker, caller: Caller, request: CancelFetch) -> Plan:
    session = caller.bot()
    if not request.ticket:
        raise Refused(Code.INVALID, "cancel_fetch names a fetch by its ticket: give both one")
    courier = await broker.courier(session.bot_id, session.bot)
    return Done(changed=courier.cancel(session, request.ticket))


async def peek(broker: Broker, caller: Caller, request: Peek) -> Plan:
    session = caller.bot()
    courier = await broker.courier(session.bot_id, session.bot)
    watcher = Watcher(Filter())
    courier.gatherer.watch(watcher)
    try:
        messages = await _pending(broker, session.bot_id, request)
        if not messages and request.wait > 0:
            await park(broker, caller, watcher.seen, request.wait)
            messages = await _pending(broker, session.bot_id, request)
    finally:
        courier.gatherer.unwatch(watcher)
    return Messages(messages=messages, last_seq=messages[-1].seq if messages else request.after)


async def _pending(broker: Broker, bot_id: str, request: Peek) -> list[Message]:
    """The next page of what has not expired; an empty one is the last."""
    limit = min(request.max, broker.settings.limits.fetch_messages)
    now = timestamps.from_epoch(clock.now())
    after = request.after
    while page := await broker.store.mailboxes.pending(bot_id, after, limit):
        if alive := [m for m in page if m.expires_at is None or m.expires_at > now]:
            return alive
        after = page[-1].seq
    return []
