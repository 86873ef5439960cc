"""A mailbox by itself, what lies in it, and what it lets go of."""

from botbus_daemon.backoff import DeliveryPolicy
from botbus_daemon.deliveries import OpenDelivery
from botbus_daemon.mailbox import Mailbox
from botbus_protocol.records import Message

BASE = 10_000
"""Seqs begin here, where Python has no one object for each number."""


def message(seq: int) -> Message:
    return Message(seq=BASE + seq, id=str(seq), sender="s", channel=None)


def empty_box() -> Mailbox:
    box = Mailbox("id", "bot", DeliveryPolicy(max_deliveries=2, max_in_flight=3))
    box.positions = {"": BASE, "news": BASE}
    return box


def fill(box: Mailbox, *seqs: int) -> None:
    box.gathered([message(seq) for seq in seqs], BASE + max(seqs))


def lease(box: Mailbox, holder: object = "a", deadline: float = 10.0) -> OpenDelivery:
    delivery = box.next_ready()
    assert delivery is not None
    box.lease(delivery, "1.1", holder, 7, deadline)
    return delivery


def left(box: Mailbox) -> list[int]:
    """What can be handed out, in order; it is taken out."""
    found = []
    while (delivery := box.next_ready()) is not None:
        box.settled(delivery.seq)
        found.append(delivery.seq - BASE)
    return found


def has_ready(box: Mailbox) -> bool:
    return bool(box._ready or box.fresh)
