"""What can be done to the log of tool executions. Outcomes are `Kept`."""

from botbus_protocol.record_states import ExecutionStatus
from botbus_storage.operations import Operation


class StartToolExecution(Operation, frozen=True, kw_only=True):
    """Faults: `not_found` (task), `conflict` (the id belongs to another execution)."""

    id: str
    task_id: str
    tool_name: str
    arguments: str = "{}"
    """JSON text of a map."""
    timeout: float | None = None
    """Seconds from now."""
    pending: bool = False


class FinishToolExecution(Operation, frozen=True, kw_only=True):
    """Faults: `not_found`, `illegal_state` (it has ended otherwise, or has not begun)."""

    id: str
    status: ExecutionStatus
    output: str | None = None
    """JSON text."""
    error: str | None = None
