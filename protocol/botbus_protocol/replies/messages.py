"""The replies about messages, mailboxes, channels and bots."""

from botbus_protocol import requests
from botbus_protocol.limits import Limits
from botbus_protocol.records import (
    Bot,
    Channel,
    DeadLetter,
    Delivery,
    DeliveryRecord,
    Message,
    Subscription,
)
from botbus_protocol.replies.reply import Done, Lease, Reply


class Welcome(Reply, frozen=True, tag="welcome"):
    server: str
    """Name and version of the daemon."""
    protocol: int
    boot: int
    """How often this database has been served; a new number means that all leases have ended."""
    limits: Limits


class Receipt(Reply, frozen=True, tag="receipt"):
    """A message is on disk."""

    id: str
    seq: int
    timestamp: str
    duplicate: bool = False
    """True if a message with this id was already there: nothing was stored again."""
    recipients: int = 1
    """Subscribers of the channel; 1 for a direct message."""
    known: bool = True
    """Direct messages: whether the recipient has ever connected."""
    connected: bool = False
    """Direct messages: whether the recipient is connected now."""


class Answer(Reply, frozen=True, tag="answer"):
    """The receipt of the question, and its first reply, or none in time."""

    receipt: Receipt
    reply: Message | None = None


class Deliveries(Reply, frozen=True, tag="deliveries"):
    deliveries: list[Delivery]


class Messages(Reply, frozen=True, tag="messages"):
    messages: list[Message]
    last_seq: int = 0
    """For `tail` and `peek`: pass it as `after` to go on from here."""


class ChannelReply(Reply, frozen=True, tag="channel"):
    channel: Channel
    created: bool = False


class Channels(Reply, frozen=True, tag="channels"):
    channels: list[Channel]


class SubscriptionReply(Reply, frozen=True, tag="subscription"):
    subscription: Subscription
    created: bool = False


class Subscriptions(Reply, frozen=True, tag="subscriptions"):
    subscriptions: list[Subscription]


class Bots(Reply, frozen=True, tag="bots"):
    bots: list[Bot]


class DeadLetters(Reply, frozen=True, tag="dead_letters"):
    dead: list[DeadLetter]


class MessageLife(Reply, frozen=True, tag="message_life"):
    message: Message
    sender_pid: int | None
    deliveries: list[DeliveryRecord]
    """Recipients that have been handed it, or that it is waiting for; at most 1,000."""
    replies: list[Message]


MessageReply = (
    Welcome
    | Receipt
    | Answer
    | Deliveries
    | Messages
    | ChannelReply
    | Channels
    | SubscriptionReply
    | Subscriptions
    | Bots
    | DeadLetters
    | MessageLife
)

MESSAGE_REPLIES: dict[type[requests.Request], type[Reply]] = {
    requests.Hello: Welcome,
    requests.Send: Receipt,
    requests.Publish: Receipt,
    requests.Ask: Answer,
    requests.Recall: Done,
    requests.Fetch: Deliveries,
    requests.CancelFetch: Done,
    requests.Peek: Messages,
    requests.Ack: Done,
    requests.Nak: Done,
    requests.Extend: Lease,
    requests.Term: Done,
    requests.CreateChannel: ChannelReply,
    requests.ListChannels: Channels,
    requests.GetChannel: ChannelReply,
    requests.Subscribe: SubscriptionReply,
    requests.Unsubscribe: Done,
    requests.ListSubscriptions: Subscriptions,
    requests.ListSubscribers: Subscriptions,
    requests.History: Messages,
    requests.ShowMessage: MessageLife,
    requests.Tail: Messages,
    requests.ListBots: Bots,
    requests.ListDead: DeadLetters,
    requests.ReplayDead: Done,
    requests.DropDead: Done,
}
"""Which reply answers which request."""
