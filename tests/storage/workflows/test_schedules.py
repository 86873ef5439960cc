"""Schedules: saved, replaced, listed by what comes next, and moved on with the run they start."""

from typing import Any

import msgspec
import pytest

from botbus_protocol.errors import Refused
from botbus_protocol.grammar import new_id
from botbus_protocol.records import Schedule
from botbus_storage.operations import CHANGED, UNCHANGED
from botbus_storage.reading.runs import RunScope
from botbus_storage.store import Store
from botbus_storage.workflow_operations import (
    DeleteSchedule,
    MoveSchedule,
    SavedSchedule,
    SaveSchedule,
)
from tests.storage.workflows.forms import bot, definition, run

NINE = "2026-03-01T09:00:00.000000Z"
TEN = "2026-03-01T10:00:00.000000Z"
NOON = "2026-03-01T12:00:00.000000Z"


@pytest.fixture
async def workflow(store: Store) -> str:
    return (await store.workflows.save_definition(definition())).definition.id


def schedule(workflow_id: str, **fields: Any) -> SaveSchedule:
    given = {"id": new_id(), "cron": "0 * * * *", "timezone": "UTC", "catch_up": "one"}
    more = {"input": None, "bot_id": new_id(), "next_at": NINE}
    return SaveSchedule(workflow_id=workflow_id, **{**given, **more, **fields})


async def saved(store: Store, operation: SaveSchedule) -> Schedule:
    (outcome,) = await store.submit([operation])
    assert isinstance(outcome, SavedSchedule), outcome
    return outcome.schedule


async def test_a_schedule_comes_back_whole(store: Store, workflow: str) -> None:
    me = await bot(store, "me")
    asked = schedule(workflow, input='{"n":1}', catch_up="all", timezone="Europe/Berlin", bot_id=me)
    made = await saved(store, asked)
    assert made == await store.definitions.schedule(asked.id)
    assert (made.workflow_id, made.workflow, made.cron) == (workflow, "report", "0 * * * *")
    assert (made.timezone, made.catch_up, made.created_by) == ("Europe/Berlin", "all", "me")
    assert msgspec.msgpack.decode(made.input) == {"n": 1}
    assert (made.last_at, made.next_at) == (None, NINE)
    assert await store.definitions.schedule(new_id()) is None


async def test_a_repeat_leaves_it_and_a_change_replaces_it(store: Store, workflow: str) -> None:
    first = await saved(store, asked := schedule(workflow, input='{"a":1,"b":2}'))
    repeat = msgspec.structs.replace(asked, input='{"b":2,"a":1}', next_at=TEN)
    assert await saved(store, repeat) == first
    for field, value in [
        ("cron", "5 * * * *"),
        ("timezone", "Asia/Tokyo"),
        ("catch_up", "none"),
        ("input", None),
    ]:
        asked = msgspec.structs.replace(asked, next_at=NOON, **{field: value})
        changed = await saved(store, asked)
        assert getattr(changed, field) == value
        assert (changed.next_at, changed.created_at) == (NOON, first.created_at)
    assert len(await store.definitions.schedules()) == 1


async def test_a_schedule_needs_a_workflow(store: Store) -> None:
    (fault,) = await store.submit([schedule(new_id())])
    assert getattr(fault, "code", None) == "not_found"
    assert await store.definitions.schedules() == []


async def test_lists_of_schedules(store: Store, workflow: str) -> None:
    other = (await store.workflows.save_definition(definition("other"))).definition.id
    made = [
        await saved(store, schedule(workflow, next_at=NOON)),
        await saved(store, schedule(other, next_at=NINE)),
        await saved(store, schedule(workflow, next_at=TEN)),
    ]
    assert await store.definitions.schedules() == made
    assert await store.definitions.schedules(workflow) == [made[0], made[2]]
    assert await store.definitions.schedules(workflow, after=made[0].id) == [made[2]]
    assert await store.definitions.schedules(limit=1) == made[:1]
    assert await store.definitions.next_schedules(2) == [made[1], made[2]]


async def test_a_schedule_is_deleted_once_or_with_its_workflow(store: Store, workflow: str) -> None:
    first, _ = [await saved(store, schedule(workflow)) for _ in range(2)]
    deleting = DeleteSchedule(id=first.id)
    assert await store.submit([deleting, deleting]) == [CHANGED, UNCHANGED]
    assert await store.workflows.delete_definition(workflow)
    assert await store.definitions.schedules() == []


async def test_a_run_and_the_move_of_its_schedule_are_one(store: Store, workflow: str) -> None:
    due = await saved(store, schedule(workflow))
    fire = run(
        workflow,
        key=f"schedule:{due.id}:{NINE}",
        schedule=due.id,
        schedule_at=NINE,
        schedule_next_at=TEN,
        trigger_type="schedule",
    )
    assert (await store.workflows.create_run(fire)).created
    moved = await store.definitions.schedule(due.id)
    assert moved is not None
    assert (moved.last_at, moved.next_at) == (NINE, TEN)
    await store.submit([DeleteSchedule(id=due.id)])
    late = msgspec.structs.replace(fire, id=new_id(), key=f"schedule:{due.id}:{TEN}")
    with pytest.raises(Refused):
        await store.workflows.create_run(late)
    assert len(await store.workflows.list_runs(RunScope())) == 1


async def test_a_schedule_is_moved_on_without_a_run(store: Store, workflow: str) -> None:
    due = await saved(store, schedule(workflow))
    moving = [MoveSchedule(id=due.id, next_at=NOON), MoveSchedule(id=new_id(), next_at=NOON)]
    assert await store.submit(moving) == [CHANGED, UNCHANGED]
    moved = await store.definitions.schedule(due.id)
    assert moved == msgspec.structs.replace(due, next_at=NOON)
