"""Running an ended run again. Rows of steps are kept: those that are to be run anew count no more."""

from botbus_protocol.errors import Code, Refused
from botbus_storage.workflow_operations import MovedRun, RetryRun
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import slots
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.run_rows import RunRow, find_run, record_of, save

_FIRST = """
    SELECT min(seq) FROM workflow_steps WHERE run_id = ? AND step_id = ? AND superseded = 0
"""
_LAST_RETRY = "SELECT coalesce(max(superseded), 0) FROM workflow_steps WHERE run_id = ?"
_SET_ASIDE_FAILED = """
    UPDATE workflow_steps SET superseded = :retry
    WHERE run_id = :run AND superseded = 0 AND step_id IN (
        SELECT step_id FROM workflow_steps
        WHERE run_id = :run AND superseded = 0
        GROUP BY step_id HAVING max(status IN ('completed', 'skipped')) = 0)
"""
_SET_ASIDE_SINCE = """
    UPDATE workflow_steps SET superseded = :retry
    WHERE run_id = :run AND superseded = 0 AND step_id IN (
        SELECT step_id FROM workflow_steps
        WHERE run_id = :run AND superseded = 0 AND seq >= :first)
"""
_FORGET_CHILDREN = """
    UPDATE workflow_runs SET run_key = run_key || '~' || :attempt || '.' || :retry
    WHERE parent_run_id = :run AND run_key IS NOT NULL AND status IN ({states})
    AND parent_step_id IN (
        SELECT step_id FROM workflow_steps WHERE run_id = :run AND superseded = :retry)
"""
_FORGET_FAILED_CHILDREN = _FORGET_CHILDREN.format(states="'failed', 'cancelled'")
_FORGET_ENDED_CHILDREN = _FORGET_CHILDREN.format(states="'completed', 'failed', 'cancelled'")
_CLEAR = "UPDATE workflow_runs SET result = NULL WHERE seq = ?"


def retry_run(tx: Transaction, op: RetryRun) -> MovedRun:
    """Raises Refused: `not_found`, `illegal_state`."""
    run = find_run(tx, op.id)
    if op.attempt is not None and (run.attempt != op.attempt or not run.ended):
        return MovedRun(run=record_of(tx, run.id), changed=False)
    if not run.ended:
        raise Refused(
            Code.ILLEGAL_STATE,
            f"run {run.id} is {run.status} and has not ended: only an ended run can be retried",
            **{"from": run.status, "to": "pending"},
        )
    first = None if op.from_step is None else _first_row(tx, run, op.from_step)
    after = Consequences(tx)
    _set_aside(tx, run, first)
    _begin_anew(tx, run, after)
    return MovedRun(run=record_of(tx, run.id), aftermath=after.aftermath)


def _first_row(tx: Transaction, run: RunRow, step: str) -> int:
    seq: int | None = tx.connection.execute(_FIRST, (run.id, step)).fetchone()[0]
    if seq is None:
        raise Refused(
            Code.NOT_FOUND, f"run {run.id} has no step {step}: botbus run show {run.id} lists them"
        )
    return seq


def _set_aside(tx: Transaction, run: RunRow, first: int | None) -> None:
    """What failed, or all from a row on, counts no more; a child made for it is made anew."""
    retry = tx.connection.execute(_LAST_RETRY, (run.id,)).fetchone()[0] + 1
    values = {"run": run.id, "retry": retry, "first": first, "attempt": run.attempt}
    tx.connection.execute(_SET_ASIDE_FAILED if first is None else _SET_ASIDE_SINCE, values)
    tx.connection.execute(
        _FORGET_FAILED_CHILDREN if first is None else _FORGET_ENDED_CHILDREN, values
    )


def _begin_anew(tx: Transaction, run: RunRow, after: Consequences) -> None:
    tx.connection.execute(_CLEAR, (run.seq,))
    run.has_slot = int(slots.has_room(tx, run))
    run.move("pending")
    run.crashes = run.held = 0
    run.error = run.completed_at = run.timeout_at = None
    slots.offer(tx, run, after)
    save(tx, run)
