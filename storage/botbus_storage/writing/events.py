"""What the daemon itself tells, as messages in channels of its own.

An event is stored in the transaction of what it tells of: one is not there without the other.
"""

import msgspec

from botbus_protocol.records import Message
from botbus_protocol.run_events import SYSTEM_BOT
from botbus_storage.operations import KnownBot
from botbus_storage.writing.transaction import Transaction

_to_json = msgspec.json.Encoder().encode
_to_msgpack = msgspec.msgpack.Encoder().encode


def append_event(
    tx: Transaction, message_id: str, channel: str, kind: str, body: dict[str, object]
) -> Message:
    """Appends an event. The channel exists, and nobody has used the id."""
    sender = system_bot(tx)
    seq = tx.next_seq()
    text = _to_json(body).decode()
    tx.events.append((seq, message_id, sender.id, sender.name, channel, kind, text))
    return Message(
        seq=seq,
        id=message_id,
        sender=sender.name,
        channel=channel,
        type=kind,
        body=msgspec.Raw(_to_msgpack(body)),
        timestamp=tx.now,
    )


def system_bot(tx: Transaction) -> KnownBot:
    """The daemon, as a sender of messages."""
    there = tx.bots.find(tx.connection, SYSTEM_BOT)
    return there or tx.bots.add(tx.connection, SYSTEM_BOT, tx.now)
