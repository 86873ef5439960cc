"""What any engine has to do with definitions as a `WorkflowRepository`; SQLite's is the first one.

Only `store.workflows` is asked and told here, so that a second engine can run this as it is.
"""

from typing import Any

from botbus_protocol.grammar import new_id
from botbus_storage.reading.workflows import Shelf
from botbus_storage.store import Store
from tests.storage.workflows.forms import bot, definition, ended_run, move, new_run, plain, refused


async def test_a_definition_comes_back_whole(store: Store) -> None:
    content = {
        "steps": [{"id": "a", "config": {"deep": [1, 2.5, None, True, "ä"]}, "later": 1}],
        "of_the_future": {"x": [{}]},
    }
    saved = await store.workflows.save_definition(
        definition("report", content=content, description="Writes it", version="3")
    )
    assert saved.created
    found = await store.workflows.get_definition(saved.definition.id)
    assert found == saved.definition
    assert (found.name, found.version, found.description) == ("report", "3", "Writes it")
    assert (found.owner_type, found.owner, found.status) == ("global", None, "active")
    kept = plain(found.definition)
    assert {field: kept[field] for field in content} == content


async def test_without_an_id_the_name_and_the_owner_say_which(store: Store) -> None:
    me, other = await bot(store, "me"), await bot(store, "other")
    ids = set()
    for owner in (None, me, other):
        first = await store.workflows.save_definition(definition(owner_bot_id=owner))
        again = await store.workflows.save_definition(definition(owner_bot_id=owner, version="2"))
        assert (first.created, again.created) == (True, False)
        assert first.definition.id == again.definition.id
        ids.add(first.definition.id)
    assert len(ids) == 3
    for owner, name in ((None, None), (me, "me"), (other, "other")):
        kind: Any = "bot" if owner else "global"
        found = await store.workflows.get_definition_by_name("report", kind, owner)
        assert found is not None
        assert (found.owner, found.version) == (name, "2")
    assert await store.workflows.get_definition_by_name("other", "global") is None
    assert await store.workflows.get_definition_by_name("report", "bot", new_id()) is None


async def test_with_an_id_it_is_saved_in_place_of_that_one(store: Store) -> None:
    chosen = new_id()
    first = await store.workflows.save_definition(definition(id=chosen))
    renamed = await store.workflows.save_definition(definition("summary", id=chosen))
    assert (first.created, renamed.created) == (True, False)
    assert renamed.definition.id == chosen
    assert await store.workflows.get_definition_by_name("report", "global") is None
    found = await store.workflows.get_definition(chosen)
    assert found is not None
    assert (found.name, found.created_at) == ("summary", first.definition.created_at)
    assert found.updated_at > first.definition.updated_at


async def test_a_name_is_used_once_by_an_owner(store: Store) -> None:
    me = await bot(store, "me")
    for owner in (None, me):
        taken = await store.workflows.save_definition(definition("taken", owner_bot_id=owner))
        mine = await store.workflows.save_definition(definition("mine", owner_bot_id=owner))
        other_id = definition("taken", id=new_id(), owner_bot_id=owner)
        renamed = definition("taken", id=mine.definition.id, owner_bot_id=owner)
        for wrong in (other_id, renamed):
            assert await refused(store.workflows.save_definition(wrong)) == "conflict"
        found = [taken.definition.id, mine.definition.id]
        saved = [await store.workflows.get_definition(workflow_id) for workflow_id in found]
        assert saved == [taken.definition, mine.definition]
    assert len(await store.workflows.list_definitions(Shelf())) == 4


async def test_a_definition_stays_with_its_owner(store: Store) -> None:
    me, other = await bot(store, "me"), await bot(store, "other")
    mine = await store.workflows.save_definition(definition(owner_bot_id=me))
    for owner in (None, other):
        wrong = definition("new-name", id=mine.definition.id, owner_bot_id=owner)
        assert await refused(store.workflows.save_definition(wrong)) == "conflict"
    assert await store.workflows.list_definitions(Shelf()) == [mine.definition]


async def test_saving_what_is_saved_changes_nothing(store: Store) -> None:
    first = await store.workflows.save_definition(definition(content={"a": 1, "b": [True]}))
    again = await store.workflows.save_definition(definition(content={"b": [True], "a": 1}))
    assert again.definition == first.definition
    changed = await store.workflows.save_definition(definition(content={"a": True, "b": [1]}))
    assert changed.definition != first.definition
    assert plain(changed.definition.definition)["a"] is True


async def test_lists_of_definitions(store: Store) -> None:
    me, other = await bot(store, "me"), await bot(store, "other")
    for name, owner in [("b", None), ("a", me), ("b", me), ("a", other), ("c", None)]:
        await store.workflows.save_definition(definition(name, owner_bot_id=owner))
    everything = await store.workflows.list_definitions(Shelf())
    assert [d.name for d in everything] == ["a", "a", "b", "b", "c"]
    mine = await store.workflows.list_definitions(Shelf(owner_type="bot", owner_bot_id=me))
    assert [(d.name, d.owner) for d in mine] == [("a", "me"), ("b", "me")]
    shared = await store.workflows.list_definitions(Shelf(owner_type="global"))
    assert [d.name for d in shared] == ["b", "c"]
    of_bots = await store.workflows.list_definitions(Shelf(owner_type="bot"))
    assert [d.name for d in of_bots] == ["a", "a", "b"]
    seen, page = [], await store.workflows.list_definitions(Shelf(limit=2))
    while page:
        seen += page
        after = (page[-1].name, page[-1].id)
        page = await store.workflows.list_definitions(Shelf(limit=2, after=after))
    assert seen == everything


async def test_a_definition_is_deleted_once(store: Store) -> None:
    saved = await store.workflows.save_definition(definition())
    assert await store.workflows.delete_definition(saved.definition.id) is True
    assert await store.workflows.delete_definition(saved.definition.id) is False
    assert await store.workflows.get_definition(saved.definition.id) is None
    assert (await store.workflows.save_definition(definition())).created


async def test_a_definition_with_runs_is_deleted_only_by_force_and_once_they_ended(
    store: Store,
) -> None:
    workflow = (await store.workflows.save_definition(definition())).definition.id
    done, open_run = await ended_run(store), await new_run(store)
    for force in (False, True):
        deleting = store.workflows.delete_definition(workflow, force=force)
        assert await refused(deleting) == "conflict"
    await store.workflows.update_run_status(move(open_run, "cancelled"))
    assert await refused(store.workflows.delete_definition(workflow)) == "conflict"
    assert await store.workflows.get_run(done) is not None
    assert await store.workflows.delete_definition(workflow, force=True) is True
    assert await store.workflows.get_run(done) is None
