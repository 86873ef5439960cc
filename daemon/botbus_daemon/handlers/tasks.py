"""create_task, get_task, list_tasks, update_task, update_task_status, delete_task."""

from botbus_daemon.broker import Broker
from botbus_daemon.plans import Caller, Handler, Plan, Write
from botbus_daemon.records.pages import changing, found, window
from botbus_daemon.wire_json import json_map, json_text
from botbus_protocol import requests
from botbus_protocol.records import Task
from botbus_protocol.replies import TaskReply, Tasks
from botbus_protocol.requests import (
    CreateTask,
    DeleteTask,
    GetTask,
    ListTasks,
    UpdateTask,
    UpdateTaskStatus,
)
from botbus_storage.reading.records.tasks import TaskScope
from botbus_storage.record_operations import tasks as ops
from botbus_storage.record_operations.outcomes import Kept


async def create_task(broker: Broker, caller: Caller, request: CreateTask) -> Plan:
    caller.bot()
    limit = broker.settings.limits.body_bytes
    operation = ops.CreateTask(
        id=request.id,
        title=request.title,
        task_type=request.task_type,
        description=request.description or None,
        config=json_map(request.config, "config", limit) or "{}",
        metadata=json_text(request.metadata, "metadata", limit),
        workspace_path=request.workspace_path or None,
        run_id=request.run_id,
    )
    return Write(operation, _reply)


async def get_task(broker: Broker, _: Caller, request: GetTask) -> Plan:
    there = await broker.store.tasks.get_task(request.id)
    advice = "`botbus task list` lists them"
    return TaskReply(task=found(there, "task", request.id, advice))


async def list_tasks(broker: Broker, _: Caller, request: ListTasks) -> Plan:
    scope = TaskScope(
        status=request.status,
        task_type=request.task_type,
        workspace_path=request.workspace_path,
        run_id=request.run_id,
    )
    page = window(
        broker, request.created_after, request.created_before, request.before_id, request.limit
    )
    return Tasks(tasks=await broker.store.tasks.list_tasks(scope, page))


async def update_task(broker: Broker, caller: Caller, request: UpdateTask) -> Plan:
    caller.bot()
    limit = broker.settings.limits.body_bytes
    operation = ops.UpdateTask(
        id=request.id,
        title=request.title,
        description=request.description,
        config=json_map(request.config, "config", limit),
        metadata=json_text(request.metadata, "metadata", limit),
        workspace_path=request.workspace_path,
        run_id=request.run_id,
    )
    return Write(operation, _reply)


async def update_task_status(_: Broker, caller: Caller, request: UpdateTaskStatus) -> Plan:
    caller.bot()
    operation = ops.UpdateTaskStatus(id=request.id, status=request.status, error=request.error)
    return Write(operation, _reply)


async def delete_task(_: Broker, caller: Caller, request: DeleteTask) -> Plan:
    caller.bot()
    return changing(ops.DeleteTask(id=request.id))


def _reply(outcome: Kept[Task]) -> TaskReply:
    return TaskReply(task=outcome.record, changed=outcome.changed)


HANDLERS: dict[type[requests.Request], Handler] = {
    CreateTask: create_task,
    GetTask: get_task,
    ListTasks: list_tasks,
    UpdateTask: update_task,
    UpdateTaskStatus: update_task_status,
    DeleteTask: delete_task,
}
