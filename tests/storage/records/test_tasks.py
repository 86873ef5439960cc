"""What any `TaskRepository` has to do."""

from typing import get_args

import msgspec
import pytest

from botbus_protocol.grammar import new_id
from botbus_protocol.record_states import TASK_ENDS, TASK_MOVES, TaskStatus
from botbus_protocol.records import Task
from botbus_storage.reading.records.paging import Window
from botbus_storage.reading.records.tasks import TaskScope
from botbus_storage.record_operations.tasks import (
    AddWorkflowTask,
    CreateTask,
    ReorderWorkflowTasks,
    UpdateTask,
    UpdateTaskStatus,
)
from botbus_storage.store import Store
from botbus_storage.workflow_operations import SaveDefinition
from tests.storage.records.answers import ALL, refused
from tests.storage.records.making import made

WAY_TO: dict[TaskStatus, list[TaskStatus]] = {
    "pending": [],
    "running": ["running"],
    "completed": ["running", "completed"],
    "failed": ["failed"],
    "cancelled": ["cancelled"],
}


async def moved(store: Store, task: Task, status: TaskStatus, error: str | None = None) -> Task:
    move = UpdateTaskStatus(id=task.id, status=status, error=error)
    return (await store.tasks.update_task_status(move)).record


async def workflow(store: Store, name: str = "release") -> str:
    saved = await store.workflows.save_definition(
        SaveDefinition(
            id=None,
            name=name,
            version="1",
            description="",
            status="active",
            owner_type="global",
            owner_bot_id=None,
            concurrency=None,
            timeout_secs=None,
            definition="{}",
        )
    )
    return saved.definition.id


async def test_a_task_comes_back_as_it_was_made(store: Store) -> None:
    new = CreateTask(
        id=new_id(),
        title="Fix #12",
        task_type="script",
        description="all of it",
        config='{"command":["make","fix"]}',
        metadata="[1,null]",
        workspace_path="/srv/repo",
    )
    kept = await store.tasks.create_task(new)
    task = await store.tasks.get_task(new.id)
    assert task == kept.record
    assert task is not None
    assert msgspec.msgpack.decode(task.config) == {"command": ["make", "fix"]}
    assert msgspec.msgpack.decode(task.metadata) == [1, None]
    assert (task.title, task.task_type, task.description) == ("Fix #12", "script", "all of it")
    assert (task.status, task.workspace_path, task.started_at) == ("pending", "/srv/repo", None)
    assert (await store.tasks.create_task(new)).changed is False
    other = CreateTask(id=new.id, title="Fix #12", task_type="tool")
    assert await refused(store.tasks.create_task(other)) == "conflict"


async def test_an_update_changes_what_is_given(store: Store) -> None:
    task = await made(store, description="d", workspace_path="/srv")
    change = UpdateTask(id=task.id, title="T", config='{"a":1}', description="")
    updated = (await store.tasks.update_task(change)).record
    assert (updated.title, updated.description, updated.workspace_path) == ("T", None, "/srv")
    assert updated.updated_at > task.updated_at
    assert (await store.tasks.update_task(change)).changed is False
    assert await refused(store.tasks.update_task(UpdateTask(id=new_id()))) == "not_found"
    unknown_run = UpdateTask(id=task.id, run_id=new_id())
    assert await refused(store.tasks.update_task(unknown_run)) == "not_found"


@pytest.mark.parametrize("old", get_args(TaskStatus))
@pytest.mark.parametrize("new", get_args(TaskStatus))
async def test_a_task_moves_along_its_states_only(
    store: Store, old: TaskStatus, new: TaskStatus
) -> None:
    task = await made(store)
    for status in WAY_TO[old]:
        task = await moved(store, task, status)
    assert task.status == old
    if new == old:
        assert await moved(store, task, new) == task
    elif new in TASK_MOVES[old]:
        after = await moved(store, task, new)
        assert after.status == new
        assert (after.completed_at is not None) == (new in TASK_ENDS)
        assert new != "running" or after.started_at is not None
    else:
        move = UpdateTaskStatus(id=task.id, status=new)
        assert await refused(store.tasks.update_task_status(move)) == "illegal_state"
        assert await store.tasks.get_task(task.id) == task


async def test_what_failed_says_why_until_it_is_begun_anew(store: Store) -> None:
    task = await moved(store, await made(store), "running")
    failed = await moved(store, task, "failed", "no disk")
    assert (failed.error, failed.completed_at is None) == ("no disk", False)
    again = await moved(store, failed, "running")
    assert (again.error, again.completed_at) == (None, None)
    assert again.started_at is not None
    assert again.started_at > (task.started_at or "")
    waiting = await moved(store, again, "pending")
    assert waiting.started_at is None


async def test_lists_filter_by_status_type_workspace_and_time(store: Store) -> None:
    a = await made(store, "a", workspace_path="/one")
    b = await made(store, "b", task_type="tool", workspace_path="/two")
    c = await made(store, "c", task_type="tool", workspace_path="/one")
    await moved(store, b, "running")

    async def titles(window: Window = ALL, **scope: object) -> str:
        found = await store.tasks.list_tasks(TaskScope(**scope), window)  # type: ignore[arg-type] # as given
        return "".join(task.title for task in found)

    assert await titles() == "cba"
    assert await titles(status="pending") == "ca"
    assert await titles(task_type="tool") == "cb"
    assert await titles(workspace_path="/one") == "ca"
    assert await titles(task_type="tool", status="running", workspace_path="/two") == "b"
    assert await titles(Window(after=a.created_at)) == "cb"
    assert await titles(Window(before=c.created_at)) == "ba"
    assert await titles(Window(before=b.created_at, after=a.created_at)) == ""
    assert await titles(Window(limit=2)) == "cb"


async def test_tasks_of_a_workflow_stand_in_sequence(store: Store) -> None:
    release = await workflow(store)
    a, b, c = [await made(store, title) for title in "abc"]
    for task in (a, b):
        await store.tasks.add_workflow_task(AddWorkflowTask(workflow="release", task_id=task.id))
    first = AddWorkflowTask(workflow=release, task_id=c.id, sequence=0)
    placed = await store.tasks.add_workflow_task(first)
    assert (placed.record.sequence, placed.record.task) == (0, c)
    assert (await store.tasks.add_workflow_task(first)).changed is False

    async def order() -> list[tuple[str, int]]:
        found = await store.tasks.tasks_of_workflow(release, (-1, ""), 10)
        return [(place.task.title, place.sequence) for place in found]

    assert await order() == [("a", 0), ("c", 0), ("b", 1)]
    new = ReorderWorkflowTasks(workflow="release", task_ids=(b.id, c.id, a.id))
    assert await store.tasks.reorder_workflow_tasks(new) is True
    assert await store.tasks.reorder_workflow_tasks(new) is False
    assert await order() == [("b", 0), ("c", 1), ("a", 2)]
    rest = await store.tasks.tasks_of_workflow(release, (0, b.id), 1)
    assert [place.task.title for place in rest] == ["c"]
    too_few = ReorderWorkflowTasks(workflow="release", task_ids=(b.id, c.id))
    assert await refused(store.tasks.reorder_workflow_tasks(too_few)) == "conflict"
    last = AddWorkflowTask(workflow="release", task_id=b.id, sequence=7)
    assert (await store.tasks.add_workflow_task(last)).record.sequence == 7
    assert await store.tasks.remove_workflow_task("release", c.id) is True
    assert await store.tasks.remove_workflow_task("release", c.id) is False
    assert await order() == [("a", 2), ("b", 7)]


async def test_places_go_with_their_task_and_with_their_workflow(store: Store) -> None:
    ids = [await workflow(store, name) for name in ("one", "two")]
    a, b = await made(store, "a"), await made(store, "b")
    for name in ("one", "two"):
        for task in (a, b):
            await store.tasks.add_workflow_task(AddWorkflowTask(workflow=name, task_id=task.id))
    assert await store.tasks.delete_task(a.id) is True
    assert await store.tasks.delete_task(a.id) is False
    left = await store.tasks.workflows_of_task(b.id, "", 10)
    assert [place.workflow_id for place in left] == sorted(ids)
    assert await store.tasks.workflows_of_task(a.id, "", 10) == []
    await store.workflows.delete_definition(ids[0])
    assert [p.workflow_id for p in await store.tasks.workflows_of_task(b.id, "", 9)] == ids[1:]
    assert await store.tasks.get_task(b.id) is not None


async def test_places_need_a_workflow_and_a_task(store: Store) -> None:
    await workflow(store)
    task = await made(store)
    nowhere = AddWorkflowTask(workflow="nowhere", task_id=task.id)
    assert await refused(store.tasks.add_workflow_task(nowhere)) == "not_found"
    nothing = AddWorkflowTask(workflow="release", task_id=new_id())
    assert await refused(store.tasks.add_workflow_task(nothing)) == "not_found"
    assert await refused(store.tasks.remove_workflow_task("nowhere", task.id)) == "not_found"


async def test_a_workflow_is_found_by_name_or_id(store: Store) -> None:
    found = await workflow(store)
    assert await store.tasks.find_workflows("release") == [found]
    assert await store.tasks.find_workflows(found) == [found]
    assert await store.tasks.find_workflows("nowhere") == []
