"""Channels, and who is subscribed to them."""

from datetime import datetime

from botbus import requesting
from botbus.requesting import checked
from botbus.room import EVERYTHING, Room
from botbus_protocol.records import Channel, Subscription
from botbus_protocol.replies import (
    ChannelReply,
    Channels,
    Done,
    SubscriptionReply,
    Subscriptions,
)
from botbus_protocol.requests import GetChannel, ListChannels, ListSubscribers, ListSubscriptions


class ChannelRoom(Room):
    async def create_channel(self, name: str) -> Channel:
        """Makes a channel; one that exists stays as it is."""
        return (await self._transport.call(requesting.create_channel(name), ChannelReply)).channel

    async def channel(self, name: str) -> Channel:
        """Raises NotFound if there is none of that name."""
        return (await self._transport.call(checked(GetChannel, name=name), ChannelReply)).channel

    async def channels(self, limit: int = EVERYTHING) -> list[Channel]:
        async def page(after: str, want: int) -> list[Channel]:
            request = checked(ListChannels, after=after, limit=want)
            return (await self._transport.call(request, Channels)).channels

        return await self._paged(limit, "", page, lambda channel: channel.name)

    async def subscribe(self, channel: str, start: str | int | datetime = "new") -> Subscription:
        """Subscribes this bot; a subscription that exists stays as it is.

        `start` tells which messages it gets: "new" ones, all from the "first", or all from a seq
        or a time on.
        """
        request = requesting.subscribe(channel, start)
        return (await self._transport.call(request, SubscriptionReply)).subscription

    async def unsubscribe(self, channel: str) -> bool:
        """False if there was no subscription."""
        return (await self._transport.call(requesting.unsubscribe(channel), Done)).changed

    async def subscriptions(self, bot: str | None = None) -> list[Subscription]:
        """The subscriptions of a bot; one's own by default."""
        request = checked(ListSubscriptions, bot=bot)
        return (await self._transport.call(request, Subscriptions)).subscriptions

    async def subscribers(self, channel: str, limit: int = EVERYTHING) -> list[str]:
        """The names of the bots that are subscribed to a channel."""

        async def page(after: str, want: int) -> list[str]:
            request = checked(ListSubscribers, channel=channel, after=after, limit=want)
            found = (await self._transport.call(request, Subscriptions)).subscriptions
            return [subscription.bot for subscription in found]

        return await self._paged(limit, "", page, str)
