"""`bus.tasks`: what is to be done, who is at it, and its place in a workflow."""

# ruff: noqa: A002 - id is a word of the contract

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from botbus.requesting import checked, encoded, time_text
from botbus.room import EVERYTHING, Room
from botbus.workstreams import Cursor
from botbus_protocol import requests
from botbus_protocol.grammar import new_id
from botbus_protocol.record_states import TaskStatus
from botbus_protocol.records import Task, WorkflowTask
from botbus_protocol.replies import Done, TaskReply, Tasks, WorkflowTaskReply, WorkflowTasks


class TaskGroup(Room):
    async def create(
        self,
        title: str,
        task_type: str,
        *,
        id: str | None = None,
        description: str | None = None,
        config: dict[str, Any] | None = None,
        metadata: Any = None,
        workspace_path: str | None = None,
        run_id: str | None = None,
    ) -> Task:
        """Makes a task, pending. With an `id` of one's own it may be asked for twice, and is made once.

        `run_id` names the run of a workflow that does it. Raises NotFound if there is no such run.
        """
        return await self._one(
            checked(
                requests.CreateTask,
                id=id or new_id(),
                title=title,
                task_type=task_type,
                description=description,
                config=encoded(config, "config"),
                metadata=encoded(metadata, "metadata"),
                workspace_path=workspace_path,
                run_id=run_id,
            )
        )

    async def get(self, id: str) -> Task:
        """Raises NotFound."""
        return await self._one(checked(requests.GetTask, id=id))

    async def update(
        self,
        id: str,
        *,
        title: str | None = None,
        description: str | None = None,
        config: dict[str, Any] | None = None,
        metadata: Any = None,
        workspace_path: str | None = None,
        run_id: str | None = None,
    ) -> Task:
        """Changes what is given; "" takes a description, workspace or run away. Raises NotFound."""
        return await self._one(
            checked(
                requests.UpdateTask,
                id=id,
                title=title,
                description=description,
                config=encoded(config, "config"),
                metadata=encoded(metadata, "metadata"),
                workspace_path=workspace_path,
                run_id=run_id,
            )
        )

    async def update_status(self, id: str, status: TaskStatus, error: str | None = None) -> Task:
        """Moves a task along its states; a move to where it is changes nothing.

        Raises NotFound, and IllegalState for a move that is not allowed.
        """
        request = checked(requests.UpdateTaskStatus, id=id, status=status, error=error)
        return await self._one(request)

    async def start(self, id: str) -> Task:
        """It is being done now."""
        return await self.update_status(id, "running")

    async def complete(self, id: str) -> Task:
        return await self.update_status(id, "completed")

    async def fail(self, id: str, error: str) -> Task:
        return await self.update_status(id, "failed", error)

    async def cancel(self, id: str, why: str | None = None) -> Task:
        return await self.update_status(id, "cancelled", why)

    async def retry(self, id: str) -> Task:
        """Back to pending, after it failed or was cancelled."""
        return await self.update_status(id, "pending")

    async def delete(self, id: str) -> bool:
        """Deletes a task with its tool executions and its places; False if there was none."""
        return (await self._transport.call(checked(requests.DeleteTask, id=id), Done)).changed

    async def list(
        self,
        *,
        status: TaskStatus | None = None,
        task_type: str | None = None,
        workspace_path: str | None = None,
        run_id: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        limit: int = EVERYTHING,
    ) -> "TaskList":
        """Newest first."""
        after = time_text(created_after)

        async def page(cursor: Cursor, want: int) -> TaskList:
            request = checked(
                requests.ListTasks,
                status=status,
                task_type=task_type,
                workspace_path=workspace_path,
                run_id=run_id,
                created_after=after,
                created_before=cursor[0],
                before_id=cursor[1],
                limit=want,
            )
            return (await self._transport.call(request, Tasks)).tasks

        start = (time_text(created_before), "")
        return await self._paged(limit, start, page, lambda last: (last.created_at, last.id))

    # Places in workflows

    async def add_to_workflow(
        self, workflow: str, id: str, sequence: int | None = None
    ) -> WorkflowTask:
        """Gives a task its place in a workflow (its name or id): by default behind all others.

        Raises NotFound, and Conflict if several workflows have that name.
        """
        request = checked(
            requests.AddWorkflowTask, workflow=workflow, task_id=id, sequence=sequence
        )
        return (await self._transport.call(request, WorkflowTaskReply)).workflow_task

    async def remove_from_workflow(self, workflow: str, id: str) -> bool:
        """False if it had no place there."""
        request = checked(requests.RemoveWorkflowTask, workflow=workflow, task_id=id)
        return (await self._transport.call(request, Done)).changed

    async def reorder(self, workflow: str, ids: Sequence[str]) -> bool:
        """Puts all tasks of a workflow in this order; False if they were in it.

        Raises Conflict if these are not its tasks, each named once.
        """
        request = checked(requests.ReorderWorkflowTasks, workflow=workflow, task_ids=[*ids])
        return (await self._transport.call(request, Done)).changed

    async def of_workflow(self, workflow: str, limit: int = EVERYTHING) -> "WorkflowTaskList":
        """The places of a workflow in sequence, each with its task."""

        async def page(after: tuple[int, str], want: int) -> WorkflowTaskList:
            request = checked(
                requests.ListWorkflowTasks,
                workflow=workflow,
                after=after[0],
                after_id=after[1],
                limit=want,
            )
            return (await self._transport.call(request, WorkflowTasks)).workflow_tasks

        return await self._paged(
            limit, (-1, ""), page, lambda place: (place.sequence, place.task_id)
        )

    async def workflows_of(self, id: str, limit: int = EVERYTHING) -> "WorkflowTaskList":
        """The places that a task has, by the id of the workflow."""

        async def page(after: str, want: int) -> WorkflowTaskList:
            request = checked(requests.ListWorkflowTasks, task_id=id, after_id=after, limit=want)
            return (await self._transport.call(request, WorkflowTasks)).workflow_tasks

        return await self._paged(limit, "", page, lambda place: place.workflow_id)

    async def _one(self, request: requests.Request) -> Task:
        return (await self._transport.call(request, TaskReply)).task


TaskList = list[Task]
WorkflowTaskList = list[WorkflowTask]
