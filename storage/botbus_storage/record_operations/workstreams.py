"""What can be done to workstreams and their sessions. Outcomes are `Kept` unless it says otherwise.

In updates None leaves a field as it is, and empty text takes it away.
"""

from botbus_protocol.records import SessionType, WorkstreamState
from botbus_storage.operations import Operation


class CreateWorkstream(Operation, frozen=True, kw_only=True):
    """Faults: `conflict` (the id belongs to another workstream)."""

    id: str
    title: str
    summary: str | None = None
    state: WorkstreamState = "active"
    default_model: str | None = None
    tags: tuple[str, ...] = ()


class UpdateWorkstream(Operation, frozen=True, kw_only=True):
    """Faults: `not_found`."""

    id: str
    title: str | None = None
    summary: str | None = None
    state: WorkstreamState | None = None
    default_model: str | None = None


class DeleteWorkstream(Operation, frozen=True):
    """With its sessions and tags. Outcome: `Changed`, with the number of its sessions.

    Faults: `denied` for scratch.
    """

    id: str


class SetTags(Operation, frozen=True):
    """Faults: `not_found`."""

    workstream_id: str
    tags: tuple[str, ...]


class EnsureScratch(Operation, frozen=True):
    """The scratch workstream, made if it is missing."""


class CreateSession(Operation, frozen=True, kw_only=True):
    """Faults: `not_found` (workstream), `illegal_state` (archived), `conflict` (id taken)."""

    id: str
    workstream_id: str
    session_type: SessionType = "user"
    peer_bot_id: str | None = None


class UpdateSession(Operation, frozen=True, kw_only=True):
    """Faults: `not_found`."""

    id: str
    turn_count: int | None = None
    summary: str | None = None
    compressed: bool | None = None


class EndSession(Operation, frozen=True, kw_only=True):
    """Faults: `not_found`, `illegal_state` (it has ended otherwise)."""

    id: str
    turn_count: int | None = None
    summary: str | None = None
