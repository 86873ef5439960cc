"""add_workflow_task, remove_workflow_task, reorder_workflow_tasks, list_workflow_tasks."""

from botbus_daemon.broker import Broker
from botbus_daemon.plans import Caller, Handler, Plan, Write
from botbus_daemon.records.pages import changing, page_limit
from botbus_protocol import requests
from botbus_protocol.records import WorkflowTask
from botbus_protocol.replies import WorkflowTaskReply, WorkflowTasks
from botbus_protocol.requests import (
    AddWorkflowTask,
    ListWorkflowTasks,
    RemoveWorkflowTask,
    ReorderWorkflowTasks,
)
from botbus_storage.reading.records.tasks import the_workflow
from botbus_storage.record_operations import tasks as ops
from botbus_storage.record_operations.outcomes import Kept


async def add_workflow_task(_: Broker, caller: Caller, request: AddWorkflowTask) -> Plan:
    caller.bot()
    operation = ops.AddWorkflowTask(
        workflow=request.workflow, task_id=request.task_id, sequence=request.sequence
    )
    return Write(operation, _reply)


async def remove_workflow_task(_: Broker, caller: Caller, request: RemoveWorkflowTask) -> Plan:
    caller.bot()
    return changing(ops.RemoveWorkflowTask(workflow=request.workflow, task_id=request.task_id))


async def reorder_workflow_tasks(_: Broker, caller: Caller, request: ReorderWorkflowTasks) -> Plan:
    caller.bot()
    order = tuple(request.task_ids)
    return changing(ops.ReorderWorkflowTasks(workflow=request.workflow, task_ids=order))


async def list_workflow_tasks(broker: Broker, _: Caller, request: ListWorkflowTasks) -> Plan:
    limit = page_limit(broker, request.limit)
    if request.task_id is not None:
        places = await broker.store.tasks.workflows_of_task(
            request.task_id, request.after_id, limit
        )
        return WorkflowTasks(workflow_tasks=places)
    name = request.workflow or ""
    workflow_id = the_workflow(await broker.store.tasks.find_workflows(name), name)
    after = (request.after, request.after_id)
    places = await broker.store.tasks.tasks_of_workflow(workflow_id, after, limit)
    return WorkflowTasks(workflow_tasks=places)


def _reply(outcome: Kept[WorkflowTask]) -> WorkflowTaskReply:
    return WorkflowTaskReply(workflow_task=outcome.record, changed=outcome.changed)


HANDLERS: dict[type[requests.Request], Handler] = {
    AddWorkflowTask: add_workflow_task,
    RemoveWorkflowTask: remove_workflow_task,
    ReorderWorkflowTasks: reorder_workflow_tasks,
    ListWorkflowTasks: list_workflow_tasks,
}
