"""start_tool_execution, finish_tool_execution, get_tool_execution, list_tool_executions."""

from botbus_daemon.broker import Broker
from botbus_daemon.plans import Caller, Handler, Plan, Write
from botbus_daemon.records.pages import found, window
from botbus_daemon.wire_json import json_map, json_text
from botbus_protocol import requests
from botbus_protocol.records import ToolExecution
from botbus_protocol.replies import ToolExecutionReply, ToolExecutions
from botbus_protocol.requests import (
    FinishToolExecution,
    GetToolExecution,
    ListToolExecutions,
    StartToolExecution,
)
from botbus_storage.reading.records.tool_executions import ExecutionScope
from botbus_storage.record_operations import tool_executions as ops
from botbus_storage.record_operations.outcomes import Kept


async def start_tool_execution(broker: Broker, caller: Caller, request: StartToolExecution) -> Plan:
    caller.bot()
    limit = broker.settings.limits.body_bytes
    operation = ops.StartToolExecution(
        id=request.id,
        task_id=request.task_id,
        tool_name=request.tool_name,
        arguments=json_map(request.arguments, "arguments", limit) or "{}",
        timeout=request.timeout,
        pending=request.pending,
    )

    def then(outcome: Kept[ToolExecution]) -> ToolExecutionReply:
        if outcome.changed:
            broker.records.deadlines.at(outcome.record.timeout_at)
        return _reply(outcome)

    return Write(operation, then)


async def finish_tool_execution(
    broker: Broker, caller: Caller, request: FinishToolExecution
) -> Plan:
    caller.bot()
    operation = ops.FinishToolExecution(
        id=request.id,
        status=request.status,
        output=json_text(request.output, "output", broker.settings.limits.body_bytes),
        error=request.error,
    )
    return Write(operation, _reply)


async def get_tool_execution(broker: Broker, _: Caller, request: GetToolExecution) -> Plan:
    there = await broker.store.tool_executions.get_tool_execution(request.id)
    advice = "`botbus executions` lists them"
    return ToolExecutionReply(tool_execution=found(there, "tool execution", request.id, advice))


async def list_tool_executions(broker: Broker, _: Caller, request: ListToolExecutions) -> Plan:
    scope = ExecutionScope(
        task_id=request.task_id, tool_name=request.tool_name, status=request.status
    )
    page = window(
        broker, request.created_after, request.created_before, request.before_id, request.limit
    )
    listed = await broker.store.tool_executions.list_tool_executions(scope, page)
    return ToolExecutions(tool_executions=listed)


def _reply(outcome: Kept[ToolExecution]) -> ToolExecutionReply:
    return ToolExecutionReply(tool_execution=outcome.record, changed=outcome.changed)


HANDLERS: dict[type[requests.Request], Handler] = {
    StartToolExecution: start_tool_execution,
    FinishToolExecution: finish_tool_execution,
    GetToolExecution: get_tool_execution,
    ListToolExecutions: list_tool_executions,
}
