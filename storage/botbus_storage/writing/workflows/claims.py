"""Claiming runs, and giving back those that nobody came to see."""

import heapq
from collections.abc import Iterator
from typing import Any

from botbus_storage.workflow_operations import ClaimedRuns, ClaimRuns, Moved, UnclaimRuns
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows import slots, waits, wakes
from botbus_storage.writing.workflows.consequences import Consequences
from botbus_storage.writing.workflows.moments import later
from botbus_storage.writing.workflows.pauses import pause
from botbus_storage.writing.workflows.run_rows import (
    COLUMNS,
    RunRow,
    record_of,
    save,
    seek_run,
)

READY = f"""
    SELECT {COLUMNS} FROM workflow_runs r
    WHERE r.workflow_id = ? AND r.workflow_version = ? AND r.ready = 1
    ORDER BY r.priority DESC, r.seq LIMIT ?
"""
_WORKFLOW = "SELECT status, concurrency FROM workflows WHERE id = ?"
RUNNING = "SELECT count(*) FROM workflow_runs WHERE workflow_id = ? AND status = 'running'"
_TIMEOUT = """
    SELECT json_extract(definition, '$.timeout_secs') FROM workflow_snapshots WHERE snapshot_id = ?
"""


def claim_runs(tx: Transaction, op: ClaimRuns) -> ClaimedRuns:
    after = Consequences(tx)
    runs = []
    for run, lease in zip(_best(tx, op), op.leases, strict=False):
        claim(tx, run, lease, op.bot_id, op.holder_pid, after)
        run.timeout_at = run.timeout_at or deadline_of(tx, run)
        save(tx, run)
        limit_time(tx, run, after)
        runs.append((record_of(tx, run.id), lease))
    return ClaimedRuns(runs=runs, aftermath=after.aftermath)


def _best(tx: Transaction, op: ClaimRuns) -> list[RunRow]:
    """The runs to claim, best first: of each offer the best, and of these the best."""
    most = len(op.leases)
    rooms: dict[str, int] = {}
    ready: list[RunRow] = []
    for workflow_id, version in dict.fromkeys(op.offers):
        if workflow_id not in rooms:
            rooms[workflow_id] = room_in(tx, workflow_id, most)
        limit = rooms[workflow_id]
        if limit > 0:
            rows = tx.connection.execute(READY, (workflow_id, version, limit)).fetchall()
            ready.extend(RunRow(*row) for row in rows)
    ordered = heapq.nsmallest(len(ready), ready, key=lambda run: (-run.priority, run.seq))
    return list(_within(ordered, rooms))[:most]


def _within(runs: list[RunRow], rooms: dict[str, int]) -> Iterator[RunRow]:
    """As many of each workflow as it has room for, over all its versions."""
    for run in runs:
        rooms[run.workflow_id] -= 1
        if rooms[run.workflow_id] >= 0:
            yield run


def room_in(tx: Transaction, workflow_id: str, most: int) -> int:
    """How many more runs of a workflow may be running, up to so many; none of one that is paused."""
    row = tx.connection.execute(_WORKFLOW, (workflow_id,)).fetchone()
    return 0 if row is None else room_of(tx, workflow_id, *row, most=most)


def room_of(
    tx: Transaction, workflow_id: str, status: str, concurrency: int | None, *, most: int
) -> int:
    """As `room_in`, of a workflow that is known."""
    if status != "active":
        return 0
    if concurrency is None:
        return most
    running = int(tx.connection.execute(RUNNING, (workflow_id,)).fetchone()[0])
    return max(0, min(most, concurrency - running))


def claim(
    tx: Transaction,
    run: RunRow,
    lease: str,
    bot_id: str,
    holder_pid: int | None,
    after: Consequences,
) -> None:
    """Puts a ready run into somebody's hands; whoever calls this gives it its deadline, and saves it.

    Raises Refused (`illegal_state`).
    """
    run.move("running")
    run.ready = 0
    run.attempt += 1
    run.lease, run.holder_bot_id, run.holder_pid = lease, bot_id, holder_pid
    run.error = None
    after.tell("run.resumed" if run.started_at else "run.started", run)
    run.started_at = run.started_at or tx.now


def deadline_of(tx: Transaction, run: RunRow) -> str | None:
    """When the time is over that its definition gives a run, from its first claim on."""
    return deadline(tx, tx.connection.execute(_TIMEOUT, (run.snapshot_id,)).fetchone()[0])


def deadline(tx: Transaction, timeout_secs: Any) -> str | None:
    """As `deadline_of`, from what the definition says."""
    return later(tx.now, timeout_secs) if isinstance(timeout_secs, int | float) else None


def limit_time(tx: Transaction, run: RunRow, after: Consequences) -> None:
    """Has the time of a claimed run run out at its deadline; its row is there."""
    if run.timeout_at is not None:
        waits.add_of_run(tx, run, "timeout", run.timeout_at)
        after.due(run.timeout_at)


def unclaim_runs(tx: Transaction, op: UnclaimRuns) -> Moved:
    after = Consequences(tx)
    count = 0
    for run_id, lease in op.leases:
        run = seek_run(tx, run_id)
        if run is not None and run.lease == lease:
            _give_back(tx, run, after)
            count += 1
    return Moved(count=count, aftermath=after.aftermath)


def _give_back(tx: Transaction, run: RunRow, after: Consequences) -> None:
    run.attempt -= 1
    if run.pausing:
        pause(tx, run, after)
        return
    run.move("pending")
    slots.offer(tx, run, after)
    save(tx, run)
    wakes.make_room(tx, run, after)
