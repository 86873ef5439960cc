"""What can be done to definitions of workflows."""

from msgspec import Struct

from botbus_protocol.records import Definition
from botbus_storage.operations import Operation
from botbus_storage.workflow_operations.aftermath import NOTHING, Aftermath


class SaveDefinition(Operation, frozen=True, kw_only=True):
    """Saves a checked definition. Outcome: `SavedDefinition`. Faults: `conflict` (name and owner
    belong to another id).
    """

    id: str | None
    """None: the one with this name and owner, or a new one."""
    name: str
    version: str
    description: str
    status: str
    owner_type: str
    owner_bot_id: str | None
    concurrency: int | None
    timeout_secs: float | None
    definition: str
    """JSON text of the whole."""


class SavedDefinition(Struct, frozen=True, kw_only=True):
    definition: Definition
    created: bool
    aftermath: Aftermath = NOTHING


class DeleteDefinition(Operation, frozen=True, kw_only=True):
    """Outcome: `Changed`. Faults: `conflict` (it has runs, or unfinished ones)."""

    id: str
    force: bool
