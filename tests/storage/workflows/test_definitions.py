"""Definitions over time: what a bot means by a name, and what a run began with."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from botbus_protocol.errors import Refused
from botbus_protocol.grammar import new_id
from botbus_protocol.records import Definition
from botbus_storage.engine import Group, SqliteEngine
from botbus_storage.operations import Changed, Operation
from botbus_storage.store import Store
from botbus_storage.workflow_operations import (
    Aftermath,
    DeleteDefinition,
    SavedDefinition,
    SaveDefinition,
    SaveSchedule,
)
from tests.storage.workflows.forms import bot, definition, ended_run, new_run, run


async def save(store: Store, *args: Any, **fields: Any) -> str:
    return (await store.workflows.save_definition(definition(*args, **fields))).definition.id


def content(found: Definition | None) -> Any:
    assert found is not None
    return msgspec.msgpack.decode(found.definition)


async def test_ones_own_then_the_global_one_then_the_only_one(store: Store) -> None:
    me, other, third = [await bot(store, name) for name in ("me", "other", "third")]
    theirs = await save(store, owner_bot_id=other)
    assert (await store.definitions.resolve("report", me)).id == theirs
    shared = await save(store)
    assert (await store.definitions.resolve("report", me)).id == shared
    mine = await save(store, owner_bot_id=me)
    assert (await store.definitions.resolve("report", me)).id == mine
    assert (await store.definitions.resolve("report", third)).id == shared
    assert (await store.definitions.resolve(theirs, me)).id == theirs


async def test_a_name_of_several_other_bots_is_asked_back(store: Store) -> None:
    for name in ("one", "two"):
        await save(store, owner_bot_id=await bot(store, name))
    me = await bot(store, "me")
    with pytest.raises(Refused, match="one, two; name the one you mean") as caught:
        await store.definitions.resolve("report", me)
    assert caught.value.fault.code == "conflict"
    with pytest.raises(Refused, match="one, two") as caught:
        await store.workflows.create_run(run("report", bot_id=me))
    assert caught.value.fault.details == {"owners": ["one", "two"]}


@pytest.mark.parametrize("name", ["nothing", new_id()], ids=["name", "id"])
async def test_what_is_not_there_is_not_found(store: Store, name: str) -> None:
    with pytest.raises(Refused) as caught:
        await store.definitions.resolve(name, new_id())
    assert caught.value.fault.code == "not_found"


async def test_a_run_keeps_the_definition_it_began_with(store: Store) -> None:
    await save(store, version="1", description="first", content={"tag": "first"})
    early = await new_run(store)
    await save(store, version="2", content={"tag": "second"})
    late = await new_run(store)
    old = await new_run(store, version="1")
    for run_id, version, tag in ((early, "1", "first"), (late, "2", "second"), (old, "1", "first")):
        found = await store.definitions.of_run(run_id)
        assert found is not None
        assert (found.version, content(found)["tag"], found.name) == (version, tag, "report")
    began = await store.definitions.of_run(early)
    assert began is not None
    assert (began.description, began.owner_type) == ("first", "global")
    assert await store.definitions.of_run(new_id()) is None


async def test_a_version_may_be_saved_anew_and_new_runs_begin_with_that(store: Store) -> None:
    await save(store, content={"tag": "first"})
    early = await new_run(store)
    await save(store, content={"tag": "mended"})
    late = await new_run(store)
    assert content(await store.definitions.of_run(early))["tag"] == "first"
    assert content(await store.definitions.of_run(late))["tag"] == "mended"


async def test_workers_of_two_versions_that_save_in_turns_fill_no_disk(
    engine: SqliteEngine,
) -> None:
    for version in ("1", "2", "1", "2", "1"):
        (saved,) = done(engine, definition(version=version))
        assert isinstance(saved, SavedDefinition)
        assert saved.definition.version == version
    rows = engine.connection.execute("SELECT version FROM workflow_snapshots ORDER BY 1")
    assert rows.fetchall() == [("1",), ("2",)]


def done(engine: SqliteEngine, *operations: Operation) -> Iterator[Any]:
    (results,) = engine.execute([Group(operations)])
    return iter(results)


def aftermath(engine: SqliteEngine, operation: SaveDefinition) -> Aftermath:
    (saved,) = done(engine, operation)
    assert isinstance(saved, SavedDefinition)
    return saved.aftermath


def test_claimers_are_woken_when_runs_are_kept_back_no_more(engine: SqliteEngine) -> None:
    workflow = new_id()
    assert aftermath(engine, definition(id=workflow, status="paused")).ready == ()
    assert aftermath(engine, definition(id=workflow, status="active")).ready == (workflow,)
    assert aftermath(engine, definition(id=workflow, status="active")).ready == ()
    assert aftermath(engine, definition(id=workflow, concurrency=5)).ready == (workflow,)


def test_saving_twice_in_one_transaction(engine: SqliteEngine) -> None:
    first, second = done(engine, definition(), definition(description="again"))
    assert first.definition.id == second.definition.id
    assert second.definition.description == "again"


def test_what_is_refused_leaves_no_trace(engine: SqliteEngine) -> None:
    taken, mine, owner = new_id(), new_id(), new_id()
    list(done(engine, definition("taken", id=taken), definition("mine", id=mine), run("mine")))
    before = list(engine.connection.iterdump())
    schedule = SaveSchedule(
        id=new_id(),
        workflow_id=new_id(),
        cron="* * * * *",
        timezone="UTC",
        catch_up="one",
        input=None,
        bot_id=owner,
        next_at="",
    )
    renamed, moved, *others = done(
        engine,
        definition("taken", id=mine),
        definition("mine", id=mine, owner_bot_id=owner),
        DeleteDefinition(id=mine, force=False),
        DeleteDefinition(id=mine, force=True),
        schedule,
    )
    assert (renamed.code, renamed.details) == ("conflict", {"id": taken})
    assert (moved.code, moved.details) == ("conflict", {"owner_type": "global"})
    assert [fault.code for fault in others] == ["conflict", "conflict", "not_found"]
    assert list(engine.connection.iterdump()) == before


async def test_deleting_tells_how_many_runs_stand_in_the_way(store: Store) -> None:
    workflow = await save(store)
    await ended_run(store)
    await new_run(store)
    with pytest.raises(Refused, match="1 unfinished runs") as caught:
        await store.workflows.delete_definition(workflow, force=True)
    assert caught.value.fault.details == {"runs": 2, "unfinished": 1}


async def test_deleting_says_how_many_runs_went_too(store: Store) -> None:
    workflow = await save(store)
    for _ in range(3):
        await ended_run(store)
    with pytest.raises(Refused, match="3 finished runs: delete it with force"):
        await store.workflows.delete_definition(workflow)
    (deleted,) = await store.submit([DeleteDefinition(id=workflow, force=True)])
    assert deleted == Changed(changed=True, count=3)
