"""`bus.tool_executions`: what tools were called with, and what came of it, as an audit log."""

# ruff: noqa: A002 - id is a word of the contract

from datetime import datetime
from typing import Any, Literal

from botbus.requesting import checked, encoded, time_text
from botbus.room import EVERYTHING, Room
from botbus.workstreams import Cursor
from botbus_protocol import requests
from botbus_protocol.grammar import new_id
from botbus_protocol.record_states import ExecutionStatus
from botbus_protocol.records import ToolExecution
from botbus_protocol.replies import ToolExecutionReply, ToolExecutions


class ToolExecutionGroup(Room):
    async def start(
        self,
        task_id: str,
        tool_name: str,
        arguments: dict[str, Any] | None = None,
        *,
        id: str | None = None,
        timeout: float | None = None,
        pending: bool = False,
    ) -> ToolExecution:
        """Enters a call of a tool into the log. The same id again starts one that is pending.

        If nobody tells of its end within `timeout` seconds, the daemon marks it as timed out. Raises
        NotFound if there is no such task.
        """
        return await self._one(
            checked(
                requests.StartToolExecution,
                id=id or new_id(),
                task_id=task_id,
                tool_name=tool_name,
                arguments=encoded(arguments, "arguments"),
                timeout=timeout,
                pending=pending,
            )
        )

    async def finish(
        self,
        id: str,
        output: Any = None,
        *,
        status: Literal["completed", "failed"] | None = None,
        error: str | None = None,
    ) -> ToolExecution:
        """The end of a call, for good: "completed", or "failed" if there is an error.

        Raises NotFound, and IllegalState if it has ended otherwise (by its timeout, say).
        """
        return await self._one(
            checked(
                requests.FinishToolExecution,
                id=id,
                status=status or ("completed" if error is None else "failed"),
                output=encoded(output, "output"),
                error=error,
            )
        )

    async def get(self, id: str) -> ToolExecution:
        """Raises NotFound."""
        return await self._one(checked(requests.GetToolExecution, id=id))

    async def list(
        self,
        *,
        task_id: str | None = None,
        tool_name: str | None = None,
        status: ExecutionStatus | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        limit: int = EVERYTHING,
    ) -> "ToolExecutionList":
        """Newest first."""
        after = time_text(created_after)

        async def page(cursor: Cursor, want: int) -> ToolExecutionList:
            request = checked(
                requests.ListToolExecutions,
                task_id=task_id,
                tool_name=tool_name,
                status=status,
                created_after=after,
                created_before=cursor[0],
                before_id=cursor[1],
                limit=want,
            )
            return (await self._transport.call(request, ToolExecutions)).tool_executions

        start = (time_text(created_before), "")
        return await self._paged(limit, start, page, lambda last: (last.created_at, last.id))

    async def _one(self, request: requests.Request) -> ToolExecution:
        return (await self._transport.call(request, ToolExecutionReply)).tool_execution


ToolExecutionList = list[ToolExecution]
