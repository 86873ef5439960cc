"""What a reply means to a bot: each function takes the thing asked for out of its reply."""

from botbus.transport import narrowed
from botbus_protocol.records import Channel, Run, Subscription
from botbus_protocol.replies import (
    AnyReply,
    ChannelReply,
    Checkpoint,
    Done,
    Receipt,
    RunReply,
    StepReply,
    SubscriptionReply,
)


def receipt(reply: AnyReply) -> Receipt:
    return narrowed(reply, Receipt)


def channel(reply: AnyReply) -> Channel:
    return narrowed(reply, ChannelReply).channel


def subscription(reply: AnyReply) -> Subscription:
    return narrowed(reply, SubscriptionReply).subscription


def changed(reply: AnyReply) -> bool:
    return narrowed(reply, Done).changed


def count(reply: AnyReply) -> int:
    return narrowed(reply, Done).count


def run(reply: AnyReply) -> Run:
    return narrowed(reply, RunReply).run


def step(reply: AnyReply) -> StepReply:
    return narrowed(reply, StepReply)


def checkpoint(reply: AnyReply) -> Checkpoint:
    return narrowed(reply, Checkpoint)
