"""The row of a run, as those who decide about runs see it.

Decide on the struct, then write it with `save`: whatever moves a run changes the struct through
`move`, which asks the table of states, and the row is written once. The large columns (input, context,
result) are not here: nobody decides by them.
"""

from msgspec import Struct

from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import Run
from botbus_protocol.states import RUN_ENDS, RunStatus, check_run_move
from botbus_storage.reading.run_rows import read_run
from botbus_storage.writing.transaction import MAYBE, Transaction

COLUMNS = """
    r.seq, r.id, r.workflow_id, r.workflow_name, r.workflow_version, r.snapshot_id, r.run_key,
    r.concurrency_key, r.concurrency_limit, r.priority, r.context_bytes, r.start_seq, r.status,
    r.has_slot, r.ready, r.pausing, r.held, r.arrived, r.attempt, r.crashes, r.lease,
    r.holder_bot_id, r.holder_pid, r.error, r.started_at, r.completed_at, r.timeout_at
"""
_FIND = f"SELECT {COLUMNS} FROM workflow_runs r WHERE r.id = ?"
_SAVE = f"""
    UPDATE workflow_runs SET
        status = ?, has_slot = ?, ready = ?, pausing = ?, held = ?, arrived = ?, attempt = ?,
        crashes = ?, lease = {MAYBE}, holder_bot_id = {MAYBE}, holder_pid = {MAYBE},
        error = ?, started_at = {MAYBE}, completed_at = {MAYBE}, timeout_at = {MAYBE},
        result = coalesce({MAYBE}, result)
    WHERE seq = ?
"""


class RunRow(Struct, gc=False):
    """In the order of `COLUMNS`; up to `start_seq` nothing changes here."""

    seq: int
    id: str
    workflow_id: str
    workflow_name: str
    version: str
    snapshot_id: int
    key: str | None
    concurrency_key: str | None
    concurrency_limit: int
    priority: int
    context_bytes: int
    start_seq: int
    status: RunStatus = "pending"
    has_slot: int = 1
    ready: int = 0
    pausing: int = 0
    held: int = 0
    arrived: int = 0
    attempt: int = 0
    crashes: int = 0
    lease: str | None = None
    holder_bot_id: str | None = None
    holder_pid: int | None = None
    error: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    timeout_at: str | None = None

    @property
    def ended(self) -> bool:
        return self.status in RUN_ENDS

    def move(self, status: RunStatus) -> None:
        """Raises Refused (`illegal_state`). Whoever is not running has no holder."""
        check_run_move(self.id, self.status, status)
        self.status = status
        if status != "running":
            self.lease = self.holder_bot_id = self.holder_pid = None
            self.pausing = self.arrived = 0


def seek_run(tx: Transaction, run_id: str) -> RunRow | None:
    row = tx.connection.execute(_FIND, (run_id,)).fetchone()
    return None if row is None else RunRow(*row)


def find_run(tx: Transaction, run_id: str) -> RunRow:
    """Raises Refused (`not_found`)."""
    run = seek_run(tx, run_id)
    if run is None:
        raise Refused(Code.NOT_FOUND, f"there is no run {run_id}: look for it with list_runs")
    return run


def held_run(tx: Transaction, run_id: str, lease: str) -> RunRow:
    """The run, if that is its lease. Raises Refused (`not_found`, `lease_lost`)."""
    run = find_run(tx, run_id)
    if run.lease != lease:
        raise lease_lost(run)
    return run


def lease_lost(run: RunRow) -> Refused:
    state = "running elsewhere" if run.status == "running" else f"{run.status} now"
    return Refused(
        Code.LEASE_LOST,
        f"the lease on run {run.id} has ended, it is {state}: stop working on it",
        status=run.status,
    )


def save(tx: Transaction, run: RunRow, result: str | None = None) -> None:
    """Writes the row, and what the run has returned, if it has."""
    tx.connection.execute(
        _SAVE,
        (
            run.status,
            run.has_slot,
            run.ready,
            run.pausing,
            run.held,
            run.arrived,
            run.attempt,
            run.crashes,
            run.lease or "",
            run.holder_bot_id or "",
            run.holder_pid or "",
            run.error,  # which may be an empty text
            run.started_at or "",
            run.completed_at or "",
            run.timeout_at or "",
            result or "",
            run.seq,
        ),
    )


def record_of(tx: Transaction, run_id: str) -> Run:
    """A run that is there, as it is now."""
    run = read_run(tx.connection, run_id)
    assert run is not None
    return run
