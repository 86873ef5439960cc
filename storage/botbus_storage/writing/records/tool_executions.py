"""The log of tool executions: entered when they start, closed when they end, then never changed.

Durations are computed here, from the times of the transactions that wrote both ends.
"""

from typing import Any

from botbus_protocol import bodies, timestamps
from botbus_protocol.errors import Code, Refused
from botbus_protocol.record_states import EXECUTION_ENDS, ExecutionStatus, check_execution_move
from botbus_protocol.records import ToolExecution
from botbus_storage.reading.records.tool_executions import get_tool_execution
from botbus_storage.record_operations.outcomes import Kept
from botbus_storage.record_operations.tool_executions import (
    FinishToolExecution,
    StartToolExecution,
)
from botbus_storage.writing.records.rows import check_repeat, insert, missing, update
from botbus_storage.writing.records.tasks import required_task
from botbus_storage.writing.transaction import Transaction

_OVERDUE = """
    SELECT id FROM tool_executions
    WHERE timeout_at IS NOT NULL AND completed_at IS NULL AND timeout_at <= ?
    ORDER BY timeout_at LIMIT ?
"""
NEXT_TIMEOUT = """
    SELECT min(timeout_at) FROM tool_executions
    WHERE timeout_at IS NOT NULL AND completed_at IS NULL
"""


def start_tool_execution(tx: Transaction, op: StartToolExecution) -> Kept[ToolExecution]:
    asked = {"task_id": op.task_id, "tool_name": op.tool_name}
    there = get_tool_execution(tx.connection, op.id)
    if there is not None:
        asked_of = asked | {"arguments": bodies.from_json(op.arguments)}
        have = {field: getattr(there, field) for field in asked_of}
        check_repeat(f"tool execution {op.id}", have, asked_of)
        return _start_pending(tx, op, there)
    required_task(tx, op.task_id)
    times = {
        "created_at": tx.now,
        "started_at": None if op.pending else tx.now,
        "timeout_at": _timeout_at(tx, op),
    }
    status = "pending" if op.pending else "running"
    row = {"id": op.id, **asked, "arguments": op.arguments, "status": status}
    insert(tx, "tool_executions", row | times)
    return Kept(record=required_execution(tx, op.id))


def _start_pending(
    tx: Transaction, op: StartToolExecution, there: ToolExecution
) -> Kept[ToolExecution]:
    """What is pending starts now; anything else is a repeat."""
    if there.status != "pending" or op.pending:
        return Kept(record=there, changed=False)
    timeout_at = there.timeout_at if op.timeout is None else _timeout_at(tx, op)
    changes = {"status": "running", "started_at": tx.now, "timeout_at": timeout_at}
    update(tx, "tool_executions", op.id, changes)
    return Kept(record=required_execution(tx, op.id))


def finish_tool_execution(tx: Transaction, op: FinishToolExecution) -> Kept[ToolExecution]:
    there = required_execution(tx, op.id)
    if there.status in EXECUTION_ENDS:
        return _finished_again(op, there)
    check_execution_move(op.id, there.status, op.status)
    _end(tx, there, op.status, {"output": op.output, "error": op.error})
    return Kept(record=required_execution(tx, op.id))


def _finished_again(op: FinishToolExecution, there: ToolExecution) -> Kept[ToolExecution]:
    output = None if op.output is None else bodies.from_json(op.output)
    if (there.status, there.output, there.error) == (op.status, output, op.error):
        return Kept(record=there, changed=False)
    raise Refused(
        Code.ILLEGAL_STATE,
        f"tool execution {op.id} has ended ({there.status}) at {there.completed_at}: "
        "what is in the log is never changed",
        **{"from": there.status, "to": op.status},
    )


def end_overdue_executions(tx: Transaction, most: int) -> int:
    """Marks those whose time is over; how many there were."""
    found = tx.connection.execute(_OVERDUE, (tx.now, most)).fetchall()
    for (execution_id,) in found:
        there = required_execution(tx, execution_id)
        _end(tx, there, "timeout", {"error": f"no end was told by {there.timeout_at}"})
    return len(found)


def required_execution(tx: Transaction, execution_id: str) -> ToolExecution:
    """Raises Refused if there is none."""
    there = get_tool_execution(tx.connection, execution_id)
    if there is None:
        raise missing("tool execution", execution_id, "`botbus executions` lists them")
    return there


def _end(
    tx: Transaction, there: ToolExecution, status: ExecutionStatus, end: dict[str, Any]
) -> None:
    began = timestamps.to_epoch(there.started_at or there.created_at)
    duration_ms = max(0, round((timestamps.to_epoch(tx.now) - began) * 1000))
    times = {"completed_at": tx.now, "duration_ms": duration_ms}
    update(tx, "tool_executions", there.id, {"status": status, **end, **times})


def _timeout_at(tx: Transaction, op: StartToolExecution) -> str | None:
    if op.timeout is None:
        return None
    return timestamps.from_epoch(timestamps.to_epoch(tx.now) + op.timeout)
