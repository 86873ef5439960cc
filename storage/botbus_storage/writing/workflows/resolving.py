"""From what somebody calls a workflow to its row, and to the definition that a run begins with."""

from msgspec import Struct

from botbus_protocol.errors import Code, Refused
from botbus_protocol.grammar import looks_like_id
from botbus_storage.writing.transaction import Transaction

_COLUMNS = "w.id, w.name, w.version, w.status, w.concurrency, w.owner_type, w.owner_bot_id"
_BY_ID = f"SELECT {_COLUMNS} FROM workflows w WHERE w.id = ?"
_BY_NAME = f"SELECT {_COLUMNS} FROM workflows w WHERE w.name = ?"
_OWNERS = """
    SELECT coalesce(b.name, w.owner_bot_id) FROM workflows w
    LEFT JOIN bots b ON b.id = w.owner_bot_id WHERE w.name = ? ORDER BY 1
"""
_SNAPSHOT = """
    SELECT snapshot_id FROM workflow_snapshots WHERE workflow_id = ? AND version = ?
    ORDER BY snapshot_id DESC LIMIT 1
"""


class WorkflowRow(Struct, frozen=True, gc=False):
    """In the order of `_COLUMNS`."""

    id: str
    name: str
    version: str
    status: str
    concurrency: int | None
    owner_type: str
    owner_bot_id: str | None


def resolve(tx: Transaction, name_or_id: str, bot_id: str) -> WorkflowRow:
    """The workflow of that id; or of that name: the bot's own, else the global one, else the only one.

    Raises Refused: `not_found`, or `conflict` if the name belongs to several other bots.
    """
    statement = _BY_ID if looks_like_id(name_or_id) else _BY_NAME
    rows = tx.connection.execute(statement, (name_or_id,)).fetchall()
    found = [WorkflowRow(*row) for row in rows]
    own = [w for w in found if w.owner_bot_id == bot_id]
    shared = [w for w in found if w.owner_type == "global"]
    for choice in (own, shared, found):
        if len(choice) == 1:
            return choice[0]
    if not found:
        raise Refused(
            Code.NOT_FOUND, f"there is no workflow {name_or_id}: save its definition first"
        )
    raise _ambiguous(tx, name_or_id)


def _ambiguous(tx: Transaction, name: str) -> Refused:
    owners = [row[0] for row in tx.connection.execute(_OWNERS, (name,))]
    shown = ", ".join(owners[:10])
    return Refused(
        Code.CONFLICT,
        f"several bots have a workflow {name}: {shown}; name the one you mean by its id",
        owners=owners[:100],
    )


def find_workflow(tx: Transaction, workflow_id: str) -> WorkflowRow:
    """The workflow of a run, which is there as long as the run is."""
    return WorkflowRow(*tx.connection.execute(_BY_ID, (workflow_id,)).fetchone())


def snapshot_of(tx: Transaction, workflow: WorkflowRow, version: str) -> int:
    """What was saved last under that version. Raises Refused (`not_found`)."""
    row = tx.connection.execute(_SNAPSHOT, (workflow.id, version)).fetchone()
    if row is None:
        raise Refused(
            Code.NOT_FOUND,
            f"workflow {workflow.name} has no version {version}: its version is {workflow.version}",
        )
    return int(row[0])
