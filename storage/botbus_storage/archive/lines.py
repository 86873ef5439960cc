"""The format of a history file, line by line; docs/operations.md describes it.

One JSON object a line, in UTF-8: first a header, then messages in the order they were committed, each
channel before its first message, and last a line that tells how many there were, so that a file that
was cut off is recognised. Bots are named, not numbered; nothing is in it but history, so the same
history makes the same bytes.
"""

from typing import ClassVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from botbus_protocol import bodies
from botbus_protocol.grammar import check_id, check_name, check_name_or_id
from botbus_protocol.timestamps import normal_time

VERSION = 1
MOST_BYTES = 64 * 1024 * 1024
"""Of one line: more is no message."""
MAX_TEXT = 256


class Line(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="record",
):
    """What every line is."""


class Header(Line, frozen=True, kw_only=True, tag="botbus-history"):
    version: int


class ChannelLine(Line, frozen=True, kw_only=True, tag="channel"):
    name: str
    created_at: str
    created_by: str
    """The name of a bot, or the id of one that is not known by name."""

    def __post_init__(self) -> None:
        check_name(self.name, "name")
        _check_time(self.created_at, "created_at")
        check_name_or_id(self.created_by, "created_by")


class MessageLine(Line, frozen=True, kw_only=True, tag="message"):
    """A message, with `to` or with `channel`. What it has not is left out."""

    TIMES: ClassVar = ("timestamp", "expires_at", "deliver_at", "recalled_at")
    IDS: ClassVar = ("id", "reply_to", "thread", "session_id")

    seq: int
    id: str
    timestamp: str
    sender: str
    to: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    type: str
    body: Raw
    reply_to: str | UnsetType = UNSET
    thread: str | UnsetType = UNSET
    hops: int = 0
    headers: Raw | UnsetType = UNSET
    expires_at: str | UnsetType = UNSET
    deliver_at: str | UnsetType = UNSET
    session_id: str | UnsetType = UNSET
    sender_uid: int | UnsetType = UNSET
    sender_pid: int | UnsetType = UNSET
    recalled_at: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        for field in self.IDS:
            if (text := getattr(self, field)) is not UNSET:
                check_id(text, field)
        for field in self.TIMES:
            if (text := getattr(self, field)) is not UNSET:
                _check_time(text, field)
        check_name(self.sender, "sender")
        if (self.to is UNSET) == (self.channel is UNSET):
            raise ValueError("a message has either `to` or `channel`")
        check_name(self.to if isinstance(self.to, str) else str(self.channel), "recipient")
        if self.seq < 1 or self.hops < 0:
            raise ValueError("seq begins at 1, hops at 0")
        if not 0 < len(self.type) <= MAX_TEXT:
            raise ValueError(f"type must be 1-{MAX_TEXT} characters")

    def check_contents(self) -> None:
        """Raises ValueError, or what msgspec raises, if body or headers could not be read again."""
        bodies.from_json(bytes(self.body))
        if isinstance(self.headers, Raw):
            msgspec.json.decode(self.headers, type=dict[str, str])


class End(Line, frozen=True, kw_only=True, tag="end"):
    messages: int


AnyLine = Header | ChannelLine | MessageLine | End

_decode = msgspec.json.Decoder(AnyLine).decode
_encode = msgspec.json.Encoder().encode


def written(line: AnyLine) -> bytes:
    return _encode(line) + b"\n"


def parsed(text: bytes) -> AnyLine:
    """The line that a text is. Raises ValueError with a sentence."""
    try:
        line: AnyLine = _decode(text.decode())
        if isinstance(line, MessageLine):
            line.check_contents()
    except UnicodeDecodeError:
        raise ValueError("this is not UTF-8 text") from None
    except (RecursionError, OverflowError):
        raise ValueError("this is nested too deep, or has a number beyond 64 bits") from None
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    return line


def _check_time(text: str, field: str) -> None:
    if normal_time(text, field) != text:
        raise ValueError(f"{field} {text!r} is not written as 2026-01-31T09:00:00.000000Z")
