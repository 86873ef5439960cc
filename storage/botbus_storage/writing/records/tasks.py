"""Tasks."""

from typing import Any

from botbus_protocol import bodies
from botbus_protocol.errors import Code, Refused
from botbus_protocol.record_states import TASK_ENDS, check_task_move
from botbus_protocol.records import Task
from botbus_storage.operations import Changed
from botbus_storage.reading.records.tasks import get_task
from botbus_storage.record_operations.outcomes import Kept
from botbus_storage.record_operations.tasks import (
    CreateTask,
    DeleteTask,
    UpdateTask,
    UpdateTaskStatus,
)
from botbus_storage.writing.records.rows import (
    check_repeat,
    exists,
    given,
    insert,
    missing,
    update,
)
from botbus_storage.writing.transaction import Transaction

_MUTABLE = ("title", "description", "config", "metadata", "workspace_path", "run_id")
_RUN = "SELECT 1 FROM workflow_runs WHERE id = ?"
_DELETE = "DELETE FROM tasks WHERE id = ?"


def create_task(tx: Transaction, op: CreateTask) -> Kept[Task]:
    there = get_task(tx.connection, op.id)
    if there is not None:
        asked = _as_read({"task_type": op.task_type} | _all_of(op))
        if there.updated_at != there.created_at:
            asked = {"task_type": op.task_type}
        check_repeat(f"task {op.id}", {field: getattr(there, field) for field in asked}, asked)
        return Kept(record=there, changed=False)
    _check_run(tx, op.run_id)
    row = {"id": op.id, "task_type": op.task_type} | _all_of(op)
    insert(tx, "tasks", row | {"created_at": tx.now, "updated_at": tx.now})
    return Kept(record=required_task(tx, op.id))


def update_task(tx: Transaction, op: UpdateTask) -> Kept[Task]:
    there = required_task(tx, op.id)
    changes = given(op, _MUTABLE)
    if _is_so(there, changes):
        return Kept(record=there, changed=False)
    _check_run(tx, op.run_id)
    update(tx, "tasks", op.id, changes | {"updated_at": tx.now})
    return Kept(record=required_task(tx, op.id))


def update_task_status(tx: Transaction, op: UpdateTaskStatus) -> Kept[Task]:
    there = required_task(tx, op.id)
    if op.status == there.status:
        _check_same_end(there, op)
        return Kept(record=there, changed=False)
    check_task_move(op.id, there.status, op.status)
    times: dict[str, Any] = {"completed_at": None, "error": None}
    if op.status in TASK_ENDS:
        times = {"completed_at": tx.now, "error": op.error}
    elif op.status == "running":
        times["started_at"] = tx.now
    else:
        times["started_at"] = None
    update(tx, "tasks", op.id, {"status": op.status, **times, "updated_at": tx.now})
    return Kept(record=required_task(tx, op.id))


def _check_same_end(there: Task, op: UpdateTaskStatus) -> None:
    """Raises Refused if a task that has ended is to have ended for another reason."""
    if op.error is not None and op.error != there.error:
        raise Refused(
            Code.ILLEGAL_STATE,
            f"task {op.id} is {there.status} already, with another error: what it ended with is kept",
            **{"from": there.status, "to": op.status},
        )


def delete_task(tx: Transaction, op: DeleteTask) -> Changed:
    return Changed(changed=tx.connection.execute(_DELETE, (op.id,)).rowcount == 1)


def required_task(tx: Transaction, task_id: str) -> Task:
    """Raises Refused if there is none."""
    there = get_task(tx.connection, task_id)
    if there is None:
        raise missing("task", task_id, "`botbus task list` lists them")
    return there


def _all_of(op: CreateTask) -> dict[str, Any]:
    return {field: getattr(op, field) for field in _MUTABLE}


def _is_so(there: Task, changes: dict[str, Any]) -> bool:
    return all(getattr(there, field) == value for field, value in _as_read(changes).items())


def _as_read(row: dict[str, Any]) -> dict[str, Any]:
    """The columns of a row as a record has them."""
    json = ("config", "metadata")
    return {
        field: bodies.from_json(value) if field in json and value is not None else value
        for field, value in row.items()
    }


def _check_run(tx: Transaction, run_id: str | None) -> None:
    if run_id and not exists(tx, _RUN, run_id):
        raise missing("run", run_id, "`botbus run list` lists them")
