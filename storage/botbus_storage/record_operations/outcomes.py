"""What comes of the operations on shared records."""

from typing import Any, Generic, TypeVar

from msgspec import Struct

from botbus_protocol.records import Configuration, Message

R = TypeVar("R")


class Kept(Struct, Generic[R], frozen=True, kw_only=True):
    """The record as it is on disk now."""

    record: R
    changed: bool = True
    """False if the operation found it so."""


class Overdue(Struct, frozen=True, kw_only=True):
    """What was ended because its time was over, and when the next one is due."""

    count: int = 0
    next_due_at: str | None = None


class Configured(Struct, frozen=True, kw_only=True):
    """A configuration after a change; None if the key is gone."""

    configuration: Configuration | None
    changed: bool = True
    message: Message | None = None
    """What tells of the change, stored with it."""


RecordOutcome = Kept[Any] | Overdue | Configured
