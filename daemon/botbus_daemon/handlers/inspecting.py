"""hello, history, show_message, tail, list_bots: looking without touching."""

import asyncio
from functools import partial

import msgspec

from botbus_daemon.broker import Broker
from botbus_daemon.parking import park
from botbus_daemon.plans import Caller, Plan
from botbus_daemon.resolving import bot_named
from botbus_daemon.watchers import Filter, Watcher
from botbus_protocol import PROTOCOL_VERSION, __version__, timestamps
from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import Bot, DeliveryRecord
from botbus_protocol.replies import Bots, MessageLife, Messages, Welcome
from botbus_protocol.requests import Hello, History, ListBots, ShowMessage, Tail
from botbus_storage import clock
from botbus_storage.reading import history as trail


async def hello(broker: Broker, _: Caller, __: Hello) -> Plan:
    return Welcome(
        server=f"botbus {__version__}",
        protocol=PROTOCOL_VERSION,
        boot=broker.boot,
        limits=broker.settings.limits,
    )


async def history(broker: Broker, _: Caller, request: History) -> Plan:
    pair = None
    if request.between is not None:
        one, other = [await bot_named(broker, name) for name in request.between]
        pair = (one.id, other.id)
    scope = trail.Scope(
        pair=pair,
        channel=request.channel,
        thread=request.thread,
        session=request.session_id,
        before=_bound(request.before, "before"),
        after=_bound(request.after, "after"),
        limit=min(request.limit, broker.settings.limits.fetch_messages),
    )
    return Messages(messages=await broker.store.trail.history(scope))


def _bound(bound: str | int | None, what: str) -> str | int | None:
    return timestamps.normal_time(bound, what) if isinstance(bound, str) else bound


async def show_message(broker: Broker, _: Caller, request: ShowMessage) -> Plan:
    life = await broker.store.trail.life_of(request.id)
    if life is None:
        raise Refused(Code.NOT_FOUND, f"there is no message {request.id}: check the id")
    return MessageLife(
        message=life.message,
        sender_pid=life.sender_pid,
        deliveries=[_present(broker, life.message.seq, record) for record in life.deliveries],
        replies=life.replies,
    )


def _present(broker: Broker, seq: int, record: DeliveryRecord) -> DeliveryRecord:
    """A record as it is now: memory knows of a lease before the disk does."""
    courier = broker.courier_named(record.bot)
    delivery = courier.mailbox.open.get(seq) if courier is not None else None
    if delivery is None or delivery.state not in {"leased", "waiting", "ready"}:
        return record
    due_in = delivery.deadline - asyncio.get_running_loop().time()
    due_at = timestamps.from_epoch(clock.now() + due_in)
    return DeliveryRecord(
        bot=record.bot,
        state="leased" if delivery.state == "leased" else "waiting",
        attempts=delivery.attempts,
        holder_pid=delivery.holder_pid,
        first_fetched_at=delivery.first_fetched_at,
        fetched_at=delivery.fetched_at,
        due_at=None if delivery.state == "ready" else due_at,
        reason=record.reason,
    )


async def tail(broker: Broker, caller: Caller, request: Tail) -> Plan:
    bot = None if request.bot is None else await bot_named(broker, request.bot)
    after = broker.streams.head if request.after is None else request.after
    limit = min(request.max, broker.settings.limits.fetch_messages)
    question = partial(
        broker.store.trail.tail, after, request.channel, bot.id if bot else None, limit
    )
    watcher = Watcher(Filter(request.channel, bot.name if bot else None))
    broker.watchers.add(watcher)
    try:
        messages = await question()
        if not messages and request.wait > 0:
            await park(broker, caller, watcher.seen, request.wait)
            messages = await question()
    finally:
        broker.watchers.discard(watcher)
    return Messages(messages=messages, last_seq=messages[-1].seq if messages else after)


async def list_bots(broker: Broker, _: Caller, request: ListBots) -> Plan:
    limit = min(request.limit, broker.settings.limits.fetch_messages)
    if request.connected:
        return Bots(bots=await _connected_bots(broker, request.after, limit))
    bots = await broker.store.directory.list_bots(request.after, limit)
    return Bots(bots=[_with_presence(broker, bot) for bot in bots])


async def _connected_bots(broker: Broker, after: str, limit: int) -> list[Bot]:
    names = sorted(name for name in broker.presence.connected_names() if name > after)[:limit]
    return [_with_presence(broker, bot) for bot in await broker.store.directory.find_bots(names)]


def _with_presence(broker: Broker, bot: Bot) -> Bot:
    connections = broker.presence.connected(bot.id)
    if connections == 0:
        return bot
    now = timestamps.from_epoch(clock.now())
    return msgspec.structs.replace(bot, connections=connections, last_seen_at=now)
