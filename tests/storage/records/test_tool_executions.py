"""What any `ToolExecutionRepository` has to do: an audit log with deadlines."""

import sqlite3

import msgspec
import pytest

from botbus_protocol import timestamps
from botbus_protocol.grammar import new_id
from botbus_protocol.records import ToolExecution
from botbus_storage.engine import SqliteEngine
from botbus_storage.reading.records.tool_executions import ExecutionScope
from botbus_storage.record_operations.connections import EndOverdue, OpenRecords
from botbus_storage.record_operations.outcomes import Kept, Overdue
from botbus_storage.record_operations.tasks import CreateTask
from botbus_storage.record_operations.tool_executions import (
    FinishToolExecution,
    StartToolExecution,
)
from botbus_storage.store import Store
from tests.storage.clock import Clock
from tests.storage.executing import outcome
from tests.storage.records.answers import ALL, refused
from tests.storage.records.making import made


async def started(store: Store, task_id: str, tool: str = "grep", **fields: object) -> str:
    given = {"id": new_id(), "task_id": task_id, "tool_name": tool, **fields}
    start = StartToolExecution(**given)  # type: ignore[arg-type] # as given
    return (await store.tool_executions.start_tool_execution(start)).record.id


async def test_an_execution_is_entered_and_closed(store: Store) -> None:
    task = await made(store)
    start = StartToolExecution(
        id=new_id(), task_id=task.id, tool_name="grep", arguments='{"q":"x"}', timeout=60
    )
    kept = await store.tool_executions.start_tool_execution(start)
    entry = kept.record
    assert (entry.status, entry.tool_name, entry.task_id) == ("running", "grep", task.id)
    assert msgspec.msgpack.decode(entry.arguments) == {"q": "x"}
    assert entry.created_at == entry.started_at
    assert entry.timeout_at is not None
    assert timestamps.to_epoch(entry.timeout_at) - timestamps.to_epoch(entry.created_at) == 60
    assert (await store.tool_executions.start_tool_execution(start)).changed is False
    end = FinishToolExecution(id=start.id, status="completed", output='{"lines":3}')
    closed = (await store.tool_executions.finish_tool_execution(end)).record
    assert closed.status == "completed"
    assert msgspec.msgpack.decode(closed.output) == {"lines": 3}
    assert closed.completed_at is not None
    took = timestamps.to_epoch(closed.completed_at) - timestamps.to_epoch(closed.created_at)
    assert closed.duration_ms == round(took * 1000)
    assert await store.tool_executions.get_tool_execution(start.id) == closed


async def test_what_is_closed_is_never_changed(store: Store) -> None:
    one = await started(store, (await made(store)).id)
    end = FinishToolExecution(id=one, status="failed", error="exit 1")
    closed = await store.tool_executions.finish_tool_execution(end)
    again = await store.tool_executions.finish_tool_execution(end)
    assert (again.record, again.changed) == (closed.record, False)
    for other in (
        FinishToolExecution(id=one, status="completed"),
        FinishToolExecution(id=one, status="failed", error="exit 2"),
        FinishToolExecution(id=one, status="failed", error="exit 1", output="1"),
    ):
        code = await refused(store.tool_executions.finish_tool_execution(other))
        assert code == "illegal_state"
    assert await store.tool_executions.get_tool_execution(one) == closed.record


async def test_a_pending_one_starts_later(store: Store) -> None:
    task = await made(store)
    one = await started(store, task.id, pending=True)
    early = FinishToolExecution(id=one, status="completed")
    assert await refused(store.tool_executions.finish_tool_execution(early)) == "illegal_state"
    start = StartToolExecution(id=one, task_id=task.id, tool_name="grep")
    kept = await store.tool_executions.start_tool_execution(start)
    assert (kept.changed, kept.record.status) == (True, "running")
    assert kept.record.started_at is not None
    assert kept.record.started_at > kept.record.created_at
    assert (await store.tool_executions.start_tool_execution(start)).changed is False


async def test_what_is_unknown_or_taken_is_refused(store: Store) -> None:
    task = await made(store)
    nowhere = StartToolExecution(id=new_id(), task_id=new_id(), tool_name="grep")
    assert await refused(store.tool_executions.start_tool_execution(nowhere)) == "not_found"
    one = await started(store, task.id)
    other = StartToolExecution(id=one, task_id=task.id, tool_name="sed")
    assert await refused(store.tool_executions.start_tool_execution(other)) == "conflict"
    nothing = FinishToolExecution(id=new_id(), status="completed")
    assert await refused(store.tool_executions.finish_tool_execution(nothing)) == "not_found"


async def test_lists_by_task_tool_status(store: Store) -> None:
    a, b = await made(store, "a"), await made(store, "b")
    first = await started(store, a.id, "grep")
    second = await started(store, a.id, "sed")
    third = await started(store, b.id, "grep")
    end = FinishToolExecution(id=third, status="completed")
    await store.tool_executions.finish_tool_execution(end)

    async def listed(**scope: object) -> list[str]:
        wanted = ExecutionScope(**scope)  # type: ignore[arg-type] # as given
        found = await store.tool_executions.list_tool_executions(wanted, ALL)
        return [entry.id for entry in found]

    assert await listed() == [third, second, first]
    assert await listed(task_id=a.id) == [second, first]
    assert await listed(tool_name="grep") == [third, first]
    assert await listed(tool_name="grep", status="running") == [first]
    assert await listed(status="completed") == [third]
    await store.tasks.delete_task(a.id)
    assert await listed() == [third]


def entry(engine: SqliteEngine, **fields: object) -> ToolExecution:
    task = CreateTask(id=new_id(), title="t", task_type="script")
    given = {"id": new_id(), "task_id": task.id, "tool_name": "grep", **fields}
    start = StartToolExecution(**given)  # type: ignore[arg-type] # as given
    outcome(engine, task)
    kept = outcome(engine, start)
    assert isinstance(kept, Kept)
    assert isinstance(kept.record, ToolExecution)
    return kept.record


def test_what_is_overdue_is_marked_and_the_next_deadline_told(
    timed: SqliteEngine, clock: Clock
) -> None:
    short, long = entry(timed, timeout=5.0), entry(timed, timeout=60.0, pending=True)
    entry(timed)
    assert outcome(timed, OpenRecords()) == Overdue(next_due_at=short.timeout_at)
    assert outcome(timed, EndOverdue(most=10)) == Overdue(next_due_at=short.timeout_at)
    clock.now += 7.25
    assert outcome(timed, EndOverdue(most=10)) == Overdue(count=1, next_due_at=long.timeout_at)
    row = timed.connection.execute(
        "SELECT status, duration_ms, error FROM tool_executions WHERE id = ?", (short.id,)
    ).fetchone()
    assert row[:2] == ("timeout", 7250)
    assert "no end was told" in row[2]
    clock.now += 60
    assert outcome(timed, EndOverdue(most=10)) == Overdue(count=1)


def test_durations_are_by_the_clock_of_the_daemon(timed: SqliteEngine, clock: Clock) -> None:
    one = entry(timed)
    clock.now += 1.5
    kept = outcome(timed, FinishToolExecution(id=one.id, status="completed"))
    assert isinstance(kept, Kept)
    assert kept.record.duration_ms == 1500


def test_the_database_itself_keeps_the_log(timed: SqliteEngine) -> None:
    one = entry(timed)
    outcome(timed, FinishToolExecution(id=one.id, status="completed"))
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        timed.connection.execute("UPDATE tool_executions SET output = '1'")
