"""Making runs. The same id, or the same key of a workflow, is the same run."""

from typing import Any

import msgspec

from botbus_protocol.bodies import from_json
from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import Run
from botbus_storage.workflow_operations import CreatedRun, CreateRun
from botbus_storage.writing.transaction import MAYBE, Transaction
from botbus_storage.writing.workflows import slots, waits
from botbus_storage.writing.workflows.claims import claim, deadline, limit_time, room_of
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.context import size_of
from botbus_storage.writing.workflows.resolving import Snapshot, WorkflowRow, resolve, snapshot_of
from botbus_storage.writing.workflows.run_rows import RunRow, find_run, record_of

_SAME_ID = """
    SELECT workflow_id, run_key, trigger_payload, parent_run_id, parent_step_id
    FROM workflow_runs WHERE id = ?
"""
_SAME_KEY = "SELECT id FROM workflow_runs WHERE workflow_id = ? AND run_key = ?"
_ADD = f"""
    INSERT INTO workflow_runs (
        id, workflow_id, workflow_name, workflow_version, snapshot_id, run_key, concurrency_key,
        concurrency_limit, priority, context_bytes, start_seq, status, has_slot, ready, attempt,
        lease, holder_bot_id, holder_pid, started_at, timeout_at, trigger_type, trigger_payload,
        context, created_at, started_by_bot_id, parent_run_id, parent_step_id)
    VALUES (
        ?, ?, ?, ?, ?, {MAYBE}, {MAYBE},
        ?, ?, ?, ?, ?, ?, ?, ?,
        {MAYBE}, {MAYBE}, {MAYBE}, {MAYBE}, {MAYBE}, ?, {MAYBE},
        ?, ?, ?, {MAYBE}, {MAYBE})
"""
_SCHEDULE = "SELECT 1 FROM workflow_schedules WHERE id = ?"
_MOVE_SCHEDULE = "UPDATE workflow_schedules SET last_at = ?, next_at = ? WHERE id = ?"
_NEW = frozenset({"active", "paused"})
"""What a workflow is to be that runs are made of; those of a paused one queue."""


def create_run(tx: Transaction, op: CreateRun) -> CreatedRun:
    """Raises Refused: `not_found`, `conflict`, `illegal_state`."""
    _check_schedule(tx, op)
    workflow = resolve(tx, op.workflow, op.bot_id)
    earlier = _earlier(tx, op, workflow)
    if earlier is not None:
        _move_schedule(tx, op)
        return CreatedRun(run=record_of(tx, earlier), created=False, claimed=False)
    snapshot = _check_new(tx, op, workflow)
    _move_schedule(tx, op)
    return _create(tx, op, workflow, snapshot)


def _earlier(tx: Transaction, op: CreateRun, workflow: WorkflowRow) -> str | None:
    """The id of the run that this would be again. Raises Refused (`conflict`)."""
    row = tx.connection.execute(_SAME_ID, (op.id,)).fetchone()
    if row is not None:
        workflow_id, key, payload, *parents = row
        same = (
            workflow_id == workflow.id and key == op.key and parents == [op.parent, op.parent_step]
        )
        if not same or not _same_json(payload, op.input):
            raise Refused(
                Code.CONFLICT,
                f"the id {op.id} belongs to another run: give every run an id of its own",
            )
        return op.id
    if op.key is None:
        return None
    row = tx.connection.execute(_SAME_KEY, (workflow.id, op.key)).fetchone()
    return None if row is None else str(row[0])


def _same_json(stored: str | None, sent: str | None) -> bool:
    if stored == sent or stored is None or sent is None:
        return stored == sent
    return bool(msgspec.json.decode(stored) == msgspec.json.decode(sent))


def _check_new(tx: Transaction, op: CreateRun, workflow: WorkflowRow) -> Snapshot:
    """The snapshot that a new run begins with. Raises Refused (`illegal_state`, `not_found`)."""
    if workflow.status not in _NEW:
        raise Refused(
            Code.ILLEGAL_STATE,
            f"workflow {workflow.name} is {workflow.status} and takes no runs: make it active",
            status=workflow.status,
        )
    if op.parent is not None and (parent := find_run(tx, op.parent)).ended:
        raise Refused(
            Code.ILLEGAL_STATE,
            f"run {parent.id} is {parent.status} and can have no more children",
            status=parent.status,
        )
    return snapshot_of(tx, workflow, op.version or workflow.version)


def _create(
    tx: Transaction, op: CreateRun, workflow: WorkflowRow, snapshot: Snapshot
) -> CreatedRun:
    run, after = _new_row(tx, op, workflow, snapshot.id), Consequences(tx)
    run.has_slot = int(slots.has_room(tx, run))
    run.ready = int(bool(run.has_slot) and op.due_at is None)
    claimed = bool(run.ready) and op.lease is not None and _may_run(tx, workflow)
    if claimed:
        assert op.lease is not None
        claim(tx, run, op.lease, op.bot_id, op.holder_pid, after)
        run.timeout_at = deadline(tx, snapshot.timeout_secs)
    elif run.ready:
        after.ready(workflow.id)
    run.seq = _insert(tx, op, run)
    limit_time(tx, run, after)
    if op.due_at is not None:
        waits.add_of_run(tx, run, "delay", op.due_at)
        after.due(op.due_at)
    waiting = op.due_at is not None or run.timeout_at is not None
    record = record_of(tx, run.id) if waiting else _record(tx, op, run)
    return CreatedRun(run=record, created=True, claimed=claimed, aftermath=after.aftermath)


def _record(tx: Transaction, op: CreateRun, run: RunRow) -> Run:
    """What `record_of` would read of a run that waits for nothing: it was written a moment ago."""
    bot = tx.bots.find(tx.connection, op.bot_id)
    name = op.bot_id if bot is None else bot.name
    return Run(
        seq=run.seq,
        id=run.id,
        workflow_id=run.workflow_id,
        workflow=run.workflow_name,
        version=run.version,
        status=run.status,
        trigger_type=op.trigger_type,
        input=None if op.input is None else from_json(op.input),
        context=from_json(op.context or "{}"),
        created_at=tx.now,
        started_at=run.started_at,
        started_by=name,
        key=run.key,
        concurrency_key=run.concurrency_key,
        priority=run.priority,
        attempt=run.attempt,
        holder=None if run.lease is None or bot is None else name,
        holder_pid=run.holder_pid,
        queued=not run.has_slot,
        parent=op.parent,
        parent_step=op.parent_step,
    )


def _may_run(tx: Transaction, workflow: WorkflowRow) -> bool:
    return room_of(tx, workflow.id, workflow.status, workflow.concurrency, most=1) == 1


def _new_row(tx: Transaction, op: CreateRun, workflow: WorkflowRow, snapshot: int) -> RunRow:
    return RunRow(
        seq=0,  # SQLite gives it one when it is written
        id=op.id,
        workflow_id=workflow.id,
        workflow_name=workflow.name,
        version=op.version or workflow.version,
        snapshot_id=snapshot,
        key=op.key,
        concurrency_key=op.concurrency_key,
        concurrency_limit=op.concurrency_limit,
        priority=op.priority,
        context_bytes=size_of(op.context or "{}"),
        start_seq=tx.last_seq,
    )


def _insert(tx: Transaction, op: CreateRun, run: RunRow) -> int:
    """Its seq."""
    values: tuple[Any, ...] = (
        run.id,
        run.workflow_id,
        run.workflow_name,
        run.version,
        run.snapshot_id,
        run.key or "",
        run.concurrency_key or "",
        run.concurrency_limit,
        run.priority,
        run.context_bytes,
        run.start_seq,
        run.status,
        run.has_slot,
        run.ready,
        run.attempt,
        run.lease or "",
        run.holder_bot_id or "",
        run.holder_pid or "",
        run.started_at or "",
        run.timeout_at or "",
        op.trigger_type,
        op.input or "",
        op.context or "{}",
        tx.now,
        op.bot_id,
        op.parent or "",
        op.parent_step or "",
    )
    seq = tx.connection.execute(_ADD, values).lastrowid
    assert seq is not None
    return seq


def _check_schedule(tx: Transaction, op: CreateRun) -> None:
    """Raises Refused if somebody has deleted the schedule that starts this run."""
    if op.schedule is None:
        return
    if tx.connection.execute(_SCHEDULE, (op.schedule,)).fetchone() is None:
        raise Refused(Code.NOT_FOUND, f"there is no schedule {op.schedule}: it starts no runs")


def _move_schedule(tx: Transaction, op: CreateRun) -> None:
    if op.schedule is not None and op.schedule_next_at is not None:
        values = (op.schedule_at, op.schedule_next_at, op.schedule)
        tx.connection.execute(_MOVE_SCHEDULE, values)
