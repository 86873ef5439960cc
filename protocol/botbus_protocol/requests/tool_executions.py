"""The requests about executions of tools."""

from typing import ClassVar, Literal

from msgspec import Raw

from botbus_protocol.bodies import NULL
from botbus_protocol.grammar import check_id
from botbus_protocol.record_states import ExecutionStatus
from botbus_protocol.requests.record_fields import ErrorText, LongName, check_window
from botbus_protocol.requests.request import Request, check_count, check_seconds


class StartToolExecution(Request, frozen=True, tag="start_tool_execution"):
    """Enters a call of a tool into the log. The same id again starts one that is pending."""

    mutates: ClassVar[bool] = True

    id: str
    task_id: str
    tool_name: LongName
    arguments: Raw = NULL
    """A map; nil for an empty one."""
    timeout: float | None = None
    """Seconds after which the daemon gives up waiting for its end."""
    pending: bool = False
    """It is to be called later; the timeout counts from now all the same."""

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        check_id(self.task_id, "task_id")
        check_seconds(self.timeout, "timeout", least=0.001)


class FinishToolExecution(Request, frozen=True, tag="finish_tool_execution"):
    """The end of a call; after it the entry is never changed."""

    mutates: ClassVar[bool] = True

    id: str
    status: Literal["completed", "failed"] = "completed"
    output: Raw = NULL
    error: ErrorText | None = None

    def __post_init__(self) -> None:
        check_id(self.id, "id")
        if self.error is not None and self.status != "failed":
            raise ValueError("error belongs to an execution that failed: leave it out")


class GetToolExecution(Request, frozen=True, tag="get_tool_execution"):
    id: str

    def __post_init__(self) -> None:
        check_id(self.id, "id")


class ListToolExecutions(Request, frozen=True, tag="list_tool_executions"):
    """Executions, newest first."""

    task_id: str | None = None
    tool_name: str | None = None
    status: ExecutionStatus | None = None
    created_after: str | None = None
    created_before: str | None = None
    before_id: str = ""
    limit: int = 100

    def __post_init__(self) -> None:
        if self.task_id is not None:
            check_id(self.task_id, "task_id")
        check_window(self.created_after, self.created_before, self.before_id, "created")
        check_count(self.limit, "limit")


ToolExecutionRequest = (
    StartToolExecution | FinishToolExecution | GetToolExecution | ListToolExecutions
)
