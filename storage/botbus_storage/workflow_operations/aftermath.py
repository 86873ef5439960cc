"""What the daemon has to do once an operation on runs is on disk: whom to tell of what."""

from typing import Any

from msgspec import Struct

from botbus_protocol.records import Step
from botbus_protocol.records.messages import Message
from botbus_protocol.states import RunStatus


class RunEvent(Struct, frozen=True, kw_only=True):
    """A message of the system channel, stored in the same transaction as what it tells of."""

    message: Message


class Lost(Struct, frozen=True, kw_only=True):
    """A holder whose lease this operation ended."""

    run_id: str
    lease: str
    status: RunStatus


class Arrived(Struct, frozen=True, kw_only=True):
    """A step of a run that a worker holds was finished by what it waited for."""

    run_id: str
    lease: str
    step: Step


class Aftermath(Struct, frozen=True, kw_only=True):
    """What the daemon does when an operation is on disk; empty for most."""

    events: tuple[RunEvent, ...] = ()
    ready: tuple[str, ...] = ()
    """Ids of workflows of which there may be a run to claim now."""
    lost: tuple[Lost, ...] = ()
    arrived: tuple[Arrived, ...] = ()
    ended: tuple[str, ...] = ()
    """Ids of runs that have come to an end."""
    due_at: str | None = None
    """The earliest time at which a wait of this operation ends."""


NOTHING = Aftermath()


def aftermath_of(outcome: Any) -> Aftermath:
    """What is to be done after an outcome; nothing for those that say nothing of it."""
    found = getattr(outcome, "aftermath", NOTHING)
    return found if isinstance(found, Aftermath) else NOTHING
