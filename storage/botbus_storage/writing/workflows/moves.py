"""Moving a run along its states by name: what its holder may do, and what anybody may.

Asking for the state that a run is in already changes nothing, so that a repeat is harmless. Only the
holder of a running run completes it, fails it, gives it back or says that it crashed; anybody may
claim, pause, resume or cancel it.
"""

from collections.abc import Callable

from botbus_protocol.errors import Code, Refused
from botbus_protocol.states import RunStatus, check_run_move
from botbus_storage.workflow_operations import MovedRun, UpdateRunStatus
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import context, slots, waits, wakes
from botbus_storage.writing.workflows.claims import claim, deadline_of, limit_time, room_in
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.crashes import crash
from botbus_storage.writing.workflows.endings import end, stop
from botbus_storage.writing.workflows.pauses import pause
from botbus_storage.writing.workflows.run_rows import (
    RunRow,
    find_run,
    lease_lost,
    record_of,
    save,
)

_RESULT = "SELECT result FROM workflow_runs WHERE seq = ?"


def update_run_status(tx: Transaction, op: UpdateRunStatus) -> MovedRun:
    """Raises Refused: `not_found`, `illegal_state`, `lease_lost`, `too_large`."""
    run = find_run(tx, op.id)
    if op.context is not None:
        _check_context(run, op)
    after = Consequences(tx)
    changed = _MOVES[op.status](tx, run, op, after)
    if changed and op.context is not None:
        context.replace(tx, run, op.context)
    return MovedRun(run=record_of(tx, op.id), changed=changed, aftermath=after.aftermath)


def _check_context(run: RunRow, op: UpdateRunStatus) -> None:
    if run.lease is not None and run.lease != op.lease:
        raise lease_lost(run)
    context.check_size(run, context.size_of(op.context or ""), op.context_limit)


def _require_holder(run: RunRow, op: UpdateRunStatus) -> None:
    """Raises Refused (`lease_lost`, `illegal_state`) unless whoever asks holds the run."""
    if op.lease is not None and run.lease != op.lease:
        raise lease_lost(run)
    check_run_move(run.id, run.status, op.status)
    if op.lease is None:
        raise Refused(
            Code.LEASE_LOST if run.lease is not None else Code.ILLEGAL_STATE,
            f"run {run.id} is {run.status}, and only who holds it may make it {op.status}: claim it",
            **{"from": run.status, "to": op.status},
        )


def _run(tx: Transaction, run: RunRow, op: UpdateRunStatus, after: Consequences) -> bool:
    check_run_move(run.id, run.status, "running")
    if not run.ready or op.new_lease is None or room_in(tx, run.workflow_id, 1) == 0:
        raise Refused(
            Code.ILLEGAL_STATE,
            f"run {run.id} is {run.status} and may not be claimed now: botbus run why {run.id} "
            "says what it waits for",
            **{"from": run.status, "to": "running"},
        )
    claim(tx, run, op.new_lease, op.bot_id, op.holder_pid, after)
    run.timeout_at = run.timeout_at or deadline_of(tx, run)
    save(tx, run)
    limit_time(tx, run, after)
    return True


def _end(tx: Transaction, run: RunRow, op: UpdateRunStatus, after: Consequences) -> bool:
    if run.status == op.status and _same_end(tx, run, op):
        return False
    _require_holder(run, op)
    end(tx, run, op.status, after, error=op.error, result=op.result, holder=op.lease)
    return True


def _same_end(tx: Transaction, run: RunRow, op: UpdateRunStatus) -> bool:
    result = tx.connection.execute(_RESULT, (run.seq,)).fetchone()[0]
    return bool(result == op.result and run.error == op.error)


def _crash(tx: Transaction, run: RunRow, op: UpdateRunStatus, after: Consequences) -> bool:
    if run.status == "crashed" and op.lease is None:
        return False
    _require_holder(run, op)
    crash(tx, run, op.error or "its worker gave it up", None, after)
    return True


def _cancel(tx: Transaction, run: RunRow, op: UpdateRunStatus, after: Consequences) -> bool:
    if run.status == "cancelled":
        return False
    stop(tx, run, "cancelled", after, error=op.error, holder=op.lease)
    return True


def _pause(tx: Transaction, run: RunRow, op: UpdateRunStatus, after: Consequences) -> bool:
    by_holder = run.lease is not None and run.lease == op.lease
    if run.held or (run.pausing and not by_holder):
        return False
    if run.lease is not None and not by_holder:
        run.pausing = 1
        save(tx, run)
        return True
    if run.status != "paused":
        check_run_move(run.id, run.status, "paused")
    pause(tx, run, after)
    return True


def _resume(tx: Transaction, run: RunRow, op: UpdateRunStatus, after: Consequences) -> bool:
    if run.status == "pending":
        return False
    if run.pausing:
        run.pausing = 0
        save(tx, run)
        return True
    if run.ended:
        raise Refused(
            Code.ILLEGAL_STATE,
            f"run {run.id} is {run.status}, which is its end: to run it again, retry it",
            **{"from": run.status, "to": "pending"},
        )
    if run.status == "running":
        _require_holder(run, op)
    _set_pending(tx, run, after)
    return True


def _set_pending(tx: Transaction, run: RunRow, after: Consequences) -> None:
    was_running = run.status == "running"
    run.move("pending")
    run.held = 0
    waits.end(tx, run.id, "", "backoff")
    slots.offer(tx, run, after)
    save(tx, run)
    if was_running:
        wakes.make_room(tx, run, after)


_Move = Callable[[Transaction, RunRow, UpdateRunStatus, Consequences], bool]

_MOVES: dict[RunStatus, _Move] = {
    "pending": _resume,
    "running": _run,
    "paused": _pause,
    "completed": _end,
    "failed": _end,
    "crashed": _crash,
    "cancelled": _cancel,
}
"""Each tells whether it changed anything, and raises Refused before it writes."""
