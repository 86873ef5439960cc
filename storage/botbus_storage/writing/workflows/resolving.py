"""From what somebody calls a workflow to its row, and to the definition that a run begins with."""

from typing import Any

from msgspec import Struct

from botbus_protocol.errors import Code, Refused
from botbus_protocol.grammar import looks_like_id
from botbus_storage.reading.workflows import STANDING, resolve_name, unknown_workflow
from botbus_storage.writing.transaction import Transaction

_BY_ID = f"SELECT {STANDING} FROM workflows WHERE id = ?"
_SNAPSHOT = """
    SELECT snapshot_id, json_extract(definition, '$.timeout_secs') FROM workflow_snapshots
    WHERE workflow_id = ? AND version = ? ORDER BY snapshot_id DESC LIMIT 1
"""


class WorkflowRow(Struct, frozen=True, gc=False):
    """In the order of `STANDING`."""

    id: str
    name: str
    version: str
    status: str
    concurrency: int | None


class Snapshot(Struct, frozen=True, gc=False):
    """A definition that runs begin with; in the order of `_SNAPSHOT`."""

    id: int
    timeout_secs: Any
    """What the definition says."""


def resolve(tx: Transaction, name_or_id: str, bot_id: str) -> WorkflowRow:
    """The workflow of that id; or of that name: the bot's own, else the global one, else the only one.

    Raises Refused: `not_found`, or `conflict` if the name belongs to several other bots.
    """
    if not looks_like_id(name_or_id):
        return WorkflowRow(*resolve_name(tx.connection, name_or_id, bot_id))
    row = tx.connection.execute(_BY_ID, (name_or_id,)).fetchone()
    if row is None:
        raise unknown_workflow(name_or_id)
    return WorkflowRow(*row)


def snapshot_of(tx: Transaction, workflow: WorkflowRow, version: str) -> Snapshot:
    """What was saved last under that version. Raises Refused (`not_found`)."""
    row = tx.connection.execute(_SNAPSHOT, (workflow.id, version)).fetchone()
    if row is None:
        raise Refused(
            Code.NOT_FOUND,
            f"workflow {workflow.name} has no version {version}: its version is {workflow.version}",
        )
    return Snapshot(*row)
