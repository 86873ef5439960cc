"""The log of tool executions."""

import sqlite3

from msgspec import Struct

from botbus_protocol.record_states import ExecutionStatus
from botbus_protocol.records import ToolExecution
from botbus_storage.reading.records.paging import Window, newest_first, within_budget
from botbus_storage.reading.records.rows import TOOL_EXECUTION, tool_execution_of


class ExecutionScope(Struct, frozen=True, kw_only=True):
    """Which executions; None stands for any."""

    task_id: str | None = None
    tool_name: str | None = None
    status: ExecutionStatus | None = None


def get_tool_execution(connection: sqlite3.Connection, execution_id: str) -> ToolExecution | None:
    row = connection.execute(f"{TOOL_EXECUTION} WHERE id = ?", (execution_id,)).fetchone()
    return None if row is None else tool_execution_of(row)


def list_tool_executions(
    connection: sqlite3.Connection, scope: ExecutionScope, window: Window
) -> list[ToolExecution]:
    conditions = {
        "task_id": scope.task_id,
        "tool_name": scope.tool_name,
        "status": scope.status,
    }
    page = newest_first(TOOL_EXECUTION, conditions, window)
    return within_budget(connection, *page, tool_execution_of)
