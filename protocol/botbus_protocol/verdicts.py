"""Replies that decide: what a message has to say to approve or reject a step."""

from typing import Any

import msgspec
from msgspec import Raw

from botbus_protocol.records import Message


def verdict_of(message: Message) -> tuple[bool, str] | None:
    """The verdict and the comment that a reply stands for; None if it is no verdict.

    Its body is true or false, or {"approved": true or false, "comment": text}.
    """
    body: Any = message.body
    if isinstance(body, Raw):
        body = msgspec.msgpack.decode(body)
    if isinstance(body, bool):
        return body, ""
    if isinstance(body, dict) and isinstance(approved := body.get("approved"), bool):
        comment = body.get("comment", "")
        return approved, comment if isinstance(comment, str) else ""
    return None
