"""Messages to save."""

from typing import Any

from botbus_protocol.grammar import new_id
from botbus_storage.operations import SaveMessage, SaveMessages

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


def letters(*ids: str, recipients: list[str], published: bool = False) -> SaveMessages:
    """Messages to these, one each; their bodies are their places."""
    return SaveMessages(
        sender_id=SENDER,
        sender_name="planner",
        sender_uid=0,
        sender_pid=7,
        published=published,
        ids=list(ids),
        recipients=recipients,
        types=["message"] * len(ids),
        bodies=[str(place) for place in range(len(ids))],
    )
