"""Executions of tools, as the audit log keeps them."""

from typing import Any

from msgspec import Struct

from botbus_protocol.record_states import ExecutionStatus


class ToolExecution(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call of a tool, for a task. Once it has ended it is never changed."""

    id: str
    task_id: str
    tool_name: str
    arguments: Any = None
    """A map."""
    output: Any = None
    status: ExecutionStatus = "running"
    error: str | None = None
    created_at: str = ""
    started_at: str | None = None
    """None while it is pending."""
    timeout_at: str | None = None
    """When the daemon gives up waiting for its end."""
    completed_at: str | None = None
    """When it ended, whichever way."""
    duration_ms: int | None = None
    """From its start to its end, by the daemon's clock."""
