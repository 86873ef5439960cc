"""Messages to save."""

from typing import Any

from botbus_protocol.grammar import new_id
from botbus_storage.operations import SaveMessage

SENDER = new_id()


def letter(**fields: Any) -> SaveMessage:
    """A direct message to `coder`, unless a field says otherwise."""
    given: dict[str, Any] = {
        "id": new_id(),
        "sender_id": SENDER,
        "sender_name": "planner",
        "to": None if "channel" in fields else "coder",
        "type": "message",
        "body": '{"n":1}',
    }
    return SaveMessage(**{**given, **fields})
