"""create_channel, subscribe and the like."""

from botbus_daemon.broker import Broker
from botbus_daemon.plans import Caller, Plan, Write
from botbus_daemon.reserved import check_channel_name
from botbus_daemon.resolving import bot_named
from botbus_protocol import timestamps
from botbus_protocol.errors import Code, Refused
from botbus_protocol.replies import (
    ChannelReply,
    Channels,
    Done,
    SubscriptionReply,
    Subscriptions,
)
from botbus_protocol.requests import (
    CreateChannel,
    GetChannel,
    ListChannels,
    ListSubscribers,
    ListSubscriptions,
    Subscribe,
    Unsubscribe,
)
from botbus_storage import operations


async def create_channel(_: Broker, caller: Caller, request: CreateChannel) -> Plan:
    def then(outcome: operations.CreatedChannel) -> ChannelReply:
        return ChannelReply(channel=outcome.channel, created=outcome.created)

    session = caller.bot()
    check_channel_name(request.name)
    return Write(operations.CreateChannel(name=request.name, bot_id=session.bot_id), then)


async def get_channel(broker: Broker, _: Caller, request: GetChannel) -> Plan:
    channel = await broker.store.directory.find_channel(request.name)
    if channel is None:
        raise _no_channel(request.name)
    return ChannelReply(channel=channel)


async def list_channels(broker: Broker, _: Caller, request: ListChannels) -> Plan:
    limit = min(request.limit, broker.settings.limits.fetch_messages)
    return Channels(channels=await broker.store.messages.list_channels(request.after, limit))


async def subscribe(broker: Broker, caller: Caller, request: Subscribe) -> Plan:
    session = caller.bot()
    start = request.start
    if isinstance(start, str) and start not in {"new", "first"}:
        start = timestamps.normal_time(start, "start")

    def then(outcome: operations.Subscribed) -> SubscriptionReply:
        cursor = outcome.subscription.cursor
        broker.once_loaded(session.bot_id, lambda c: c.add_source(request.channel, cursor))
        return SubscriptionReply(subscription=outcome.subscription, created=outcome.created)

    operation = operations.Subscribe(bot_id=session.bot_id, channel=request.channel, start=start)
    return Write(operation, then)


async def unsubscribe(broker: Broker, caller: Caller, request: Unsubscribe) -> Plan:
    session = caller.bot()
    # What was handed out is still to be settled: without a subscription only its row tells of it.
    await broker.recorder.flush()

    def then(outcome: operations.Unsubscribed) -> Done:
        broker.once_loaded(
            session.bot_id, lambda c: c.gatherer.remove(request.channel, outcome.put_off)
        )
        return Done(changed=outcome.changed)

    return Write(operations.Unsubscribe(bot_id=session.bot_id, channel=request.channel), then)


async def list_subscriptions(broker: Broker, caller: Caller, request: ListSubscriptions) -> Plan:
    bot_id = (
        caller.bot().bot_id if request.bot is None else (await bot_named(broker, request.bot)).id
    )
    return Subscriptions(subscriptions=await broker.store.messages.get_subscriptions(bot_id))


async def list_subscribers(broker: Broker, _: Caller, request: ListSubscribers) -> Plan:
    if await broker.store.directory.find_channel(request.channel) is None:
        raise _no_channel(request.channel)
    limit = min(request.limit, broker.settings.limits.fetch_messages)
    subscriptions = await broker.store.messages.get_channel_subscribers(
        request.channel, request.after, limit
    )
    return Subscriptions(subscriptions=subscriptions)


def _no_channel(name: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"there is no channel {name!r}: create it first", channel=name)
