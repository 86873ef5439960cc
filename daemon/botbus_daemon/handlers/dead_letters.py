"""list_dead, replay_dead, drop_dead."""

from botbus_daemon.broker import Broker
from botbus_daemon.deliveries import OpenDelivery
from botbus_daemon.plans import Caller, Plan, Write
from botbus_daemon.resolving import bot_named
from botbus_protocol.replies import DeadLetters, Done
from botbus_protocol.requests import DropDead, ListDead, ReplayDead
from botbus_storage import operations
from botbus_storage.operations import Touched


async def list_dead(broker: Broker, _: Caller, request: ListDead) -> Plan:
    bot_id = None if request.bot is None else (await bot_named(broker, request.bot)).id
    limit = min(request.limit, broker.settings.limits.fetch_messages)
    after = (request.after, request.after_bot)
    return DeadLetters(dead=await broker.store.trail.dead_letters(bot_id, after, limit))


async def replay_dead(broker: Broker, _: Caller, request: ReplayDead) -> Plan:
    bot = await bot_named(broker, request.bot)

    def then(outcome: Touched) -> Done:
        courier = broker.loaded_courier(bot.id)
        if courier is not None:
            for seq in outcome.seqs:
                courier.adopt(OpenDelivery(seq))
        return Done(changed=bool(outcome.seqs), count=len(outcome.seqs))

    return Write(operations.ReplayDead(bot_id=bot.id, seqs=request.seqs), then)


async def drop_dead(broker: Broker, _: Caller, request: DropDead) -> Plan:
    bot = await bot_named(broker, request.bot)

    def then(outcome: Touched) -> Done:
        return Done(changed=bool(outcome.seqs), count=len(outcome.seqs))

    return Write(operations.DropDead(bot_id=bot.id, seqs=request.seqs), then)
