"""Tasks, and their places in workflows."""

import sqlite3

from msgspec import Struct

from botbus_protocol.errors import Code, Refused
from botbus_protocol.grammar import looks_like_id
from botbus_protocol.record_states import TaskStatus
from botbus_protocol.records import Task, WorkflowTask
from botbus_storage.reading.records.paging import Window, newest_first, within_budget
from botbus_storage.reading.records.rows import TASK, WORKFLOW_TASK, task_of, workflow_task_of

_OF_WORKFLOW = f"""
    {WORKFLOW_TASK} WHERE p.workflow_id = ? AND (p.sequence, p.task_id) > (?, ?)
    ORDER BY p.sequence, p.task_id LIMIT ?
"""
_OF_TASK = f"""
    {WORKFLOW_TASK} WHERE p.task_id = ? AND p.workflow_id > ? ORDER BY p.workflow_id LIMIT ?
"""


_BY_ID = "SELECT id FROM workflows WHERE id = ?"
_BY_NAME = "SELECT id FROM workflows WHERE name = ? LIMIT 2"


class TaskScope(Struct, frozen=True, kw_only=True):
    """Which tasks; None stands for any."""

    status: TaskStatus | None = None
    task_type: str | None = None
    workspace_path: str | None = None
    run_id: str | None = None


def get_task(connection: sqlite3.Connection, task_id: str) -> Task | None:
    row = connection.execute(f"{TASK} WHERE id = ?", (task_id,)).fetchone()
    return None if row is None else task_of(row)


def list_tasks(connection: sqlite3.Connection, scope: TaskScope, window: Window) -> list[Task]:
    conditions = {
        "run_id": scope.run_id,
        "workspace_path": scope.workspace_path,
        "status": scope.status,
        "task_type": scope.task_type,
    }
    return within_budget(connection, *newest_first(TASK, conditions, window), task_of)


def tasks_of_workflow(
    connection: sqlite3.Connection, workflow_id: str, after: tuple[int, str], limit: int
) -> list[WorkflowTask]:
    """In sequence, after a sequence and a task."""
    parameters = [workflow_id, *after, limit]
    return within_budget(connection, _OF_WORKFLOW, parameters, workflow_task_of)


def workflows_of_task(
    connection: sqlite3.Connection, task_id: str, after: str, limit: int
) -> list[WorkflowTask]:
    """By the id of the workflow, after an id."""
    return within_budget(connection, _OF_TASK, [task_id, after, limit], workflow_task_of)


def find_workflows(connection: sqlite3.Connection, name_or_id: str) -> list[str]:
    """The ids of the workflows of that name or id, two at the most."""
    statement = _BY_ID if looks_like_id(name_or_id) else _BY_NAME
    return [row[0] for row in connection.execute(statement, (name_or_id,))]


def the_workflow(found: list[str], name_or_id: str) -> str:
    """The one workflow that was found. Raises Refused: `not_found`, `conflict` (several)."""
    if not found:
        raise Refused(
            Code.NOT_FOUND,
            f"there is no workflow {name_or_id}: `botbus workflow list` lists them",
            id=name_or_id,
        )
    if len(found) > 1:
        raise Refused(
            Code.CONFLICT,
            f"there are several workflows {name_or_id!r}, of different owners: give the id of one",
        )
    return found[0]
