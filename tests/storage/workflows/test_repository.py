"""What any engine has to do as a `WorkflowRepository`; SQLite's is the first to be held to it.

Only `store.workflows` is asked and told here, so that a second engine can run this as it is.
"""

from collections.abc import Awaitable
from typing import Any

import msgspec
import pytest

from botbus_protocol.errors import Refused
from botbus_protocol.grammar import new_id
from botbus_protocol.states import RUN_MOVES, STEP_MOVES, STEP_STATUSES, StepStatus
from botbus_storage.reading.runs import RunScope
from botbus_storage.reading.workflows import Shelf
from botbus_storage.store import Store
from tests.storage.workflows.forms import (
    bot,
    claimed_run,
    definition,
    ended_run,
    move,
    new_run,
    run,
    step_log,
    step_move,
)


async def refused(doing: Awaitable[Any]) -> str:
    """The code with which something is refused."""
    with pytest.raises(Refused) as caught:
        await doing
    return caught.value.fault.code


def plain(value: Any) -> Any:
    """What a field holds that is encoded for the wire."""
    return msgspec.msgpack.decode(value)


# Definitions


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


# Runs


async def test_a_run_comes_back_whole(store: Store) -> None:
    saved = await store.workflows.save_definition(definition(version="7"))
    made = await store.workflows.create_run(
        run(input='{"n":1}', context='{"k":"v"}', key="today", trigger_type="schedule", priority=3)
    )
    assert made.created
    assert not made.claimed
    found = await store.workflows.get_run(made.run.id)
    assert found == made.run
    assert (found.workflow_id, found.workflow) == (saved.definition.id, "report")
    assert (found.version, found.status, found.trigger_type) == ("7", "pending", "schedule")
    assert (plain(found.input), plain(found.context)) == ({"n": 1}, {"k": "v"})
    assert (found.key, found.priority, found.attempt) == ("today", 3, 0)
    assert found.created_at
    assert (found.started_at, found.completed_at, found.error) == (None, None, None)
    assert await store.workflows.get_run(new_id()) is None


async def test_the_same_id_or_key_is_the_same_run(store: Store) -> None:
    await store.workflows.save_definition(definition())
    asked = run(key="today")
    first = await store.workflows.create_run(asked)
    assert not (await store.workflows.create_run(asked)).created
    by_key = await store.workflows.create_run(run(key="today"))
    assert (by_key.created, by_key.run.id) == (False, first.run.id)
    another = run(id=first.run.id, input="1")
    assert await refused(store.workflows.create_run(another)) == "conflict"
    assert await store.workflows.list_runs(RunScope()) == [first.run]


async def test_a_run_needs_a_workflow_that_takes_runs(store: Store) -> None:
    assert await refused(store.workflows.create_run(run("nothing"))) == "not_found"
    for status in ("draft", "archived"):
        await store.workflows.save_definition(definition(status, status=status))
        assert await refused(store.workflows.create_run(run(status))) == "illegal_state"
    await store.workflows.save_definition(definition())
    assert await refused(store.workflows.create_run(run(version="9"))) == "not_found"
    assert await store.workflows.list_runs(RunScope()) == []


async def test_a_run_goes_through_its_states(store: Store) -> None:
    await store.workflows.save_definition(definition())
    run_id = await new_run(store)
    taken = await store.workflows.update_run_status(move(run_id, "running", new_lease="1.1"))
    assert (taken.run.status, taken.run.attempt) == ("running", 1)
    assert taken.run.started_at is not None
    ended = await store.workflows.update_run_status(
        move(run_id, "failed", lease="1.1", error="no paper", context='{"k":2}')
    )
    found = await store.workflows.get_run(run_id)
    assert found == ended.run
    assert (found.status, found.error, plain(found.context)) == ("failed", "no paper", {"k": 2})
    assert found.completed_at is not None


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_no_run_leaves_its_end_by_a_move(store: Store, status: Any) -> None:
    await store.workflows.save_definition(definition())
    run_id = await claimed_run(store)
    await store.workflows.update_run_status(move(run_id, status, lease="1.1"))
    before = await store.workflows.get_run(run_id)
    for wanted in RUN_MOVES:
        if wanted == status:
            continue
        asked = move(run_id, wanted, lease="1.1", new_lease="1.2", error="x", context="{}")
        assert await refused(store.workflows.update_run_status(asked)) in {
            "illegal_state",
            "lease_lost",
        }
        assert await store.workflows.get_run(run_id) == before


async def test_an_illegal_move_names_both_states_and_changes_nothing(store: Store) -> None:
    await store.workflows.save_definition(definition())
    run_id = await new_run(store)
    before = await store.workflows.get_run(run_id)
    with pytest.raises(Refused, match="pending and cannot become completed") as caught:
        await store.workflows.update_run_status(move(run_id, "completed", context='{"k":1}'))
    assert caught.value.fault.code == "illegal_state"
    assert caught.value.fault.details == {"from": "pending", "to": "completed"}
    assert await store.workflows.get_run(run_id) == before
    unknown = store.workflows.update_run_status(move(new_id(), "cancelled"))
    assert await refused(unknown) == "not_found"


async def test_lists_of_runs_newest_first(store: Store) -> None:
    await store.workflows.save_definition(definition())
    await store.workflows.save_definition(definition("other"))
    ids = [await new_run(store, name) for name in ("report", "other", "report", "report")]
    everything = await store.workflows.list_runs(RunScope())
    assert [r.id for r in everything] == ids[::-1]
    newest = await store.workflows.list_runs(RunScope(workflow="report", limit=2))
    assert [r.id for r in newest] == [ids[3], ids[2]]
    rest = RunScope(workflow="report", limit=2, before=newest[-1].seq)
    assert [r.id for r in await store.workflows.list_runs(rest)] == [ids[0]]
    by_id = RunScope(workflow=everything[2].workflow_id)
    assert [r.id for r in await store.workflows.list_runs(by_id)] == [ids[1]]
    assert await store.workflows.list_runs(RunScope(workflow="nothing")) == []


async def test_crashed_runs_are_those_that_nobody_has_taken_up(store: Store) -> None:
    await store.workflows.save_definition(definition())
    first, second, third = [await claimed_run(store, lease=f"1.{n}") for n in range(3)]
    assert await store.workflows.list_crashed_runs() == []
    for run_id, lease in ((third, "1.2"), (first, "1.0")):
        await store.workflows.update_run_status(move(run_id, "crashed", lease=lease))
    crashed = await store.workflows.list_crashed_runs()
    assert [r.id for r in crashed] == [first, third]
    after = await store.workflows.list_crashed_runs(after=crashed[0].seq, limit=5)
    assert [r.id for r in after] == [third]
    await store.workflows.update_run_status(move(first, "running", new_lease="1.3"))
    assert [r.id for r in await store.workflows.list_crashed_runs()] == [third]
    assert (await store.workflows.list_runs(RunScope(status="running")))[0].id == second


# Steps


async def test_an_attempt_comes_back_whole(store: Store) -> None:
    await store.workflows.save_definition(definition())
    run_id = await claimed_run(store)
    made = await store.workflows.create_step_log(
        step_log(run_id, "collect", name="Collect", input='{"n":1}')
    )
    (found,) = (await store.workflows.list_step_logs(run_id)).steps
    assert found == made.step
    assert (found.run_id, found.step_id, found.name) == (run_id, "collect", "Collect")
    assert (found.status, found.attempt, plain(found.input)) == ("running", 1, {"n": 1})
    assert found.started_at is not None
    ended = await store.workflows.update_step_status(
        step_move(found.id, "completed", output='{"rows":[1]}')
    )
    (found,) = (await store.workflows.list_step_logs(run_id)).steps
    assert found == ended.step
    assert (found.status, plain(found.output)) == ("completed", {"rows": [1]})
    assert found.completed_at is not None


async def test_the_key_of_a_step_is_the_same_for_every_attempt(store: Store) -> None:
    await store.workflows.save_definition(definition())
    run_id = await claimed_run(store)
    for attempt in (1, 2):
        made = await store.workflows.create_step_log(step_log(run_id, "pay", attempt=attempt))
        await store.workflows.update_step_status(step_move(made.step.id, "failed", error="busy"))
    first, second = (await store.workflows.list_step_logs(run_id)).steps
    assert first.idempotency_key == second.idempotency_key == f"{run_id}/pay"
    assert (first.attempt, second.attempt, second.error) == (1, 2, "busy")


async def test_attempts_are_listed_in_the_order_they_were_begun(store: Store) -> None:
    await store.workflows.save_definition(definition())
    run_id, other = await claimed_run(store), await claimed_run(store, lease="1.2")
    for name in ("c", "a", "b"):
        await store.workflows.create_step_log(step_log(run_id, name, status="completed"))
        await store.workflows.create_step_log(step_log(other, name, lease="1.2"))
    page = await store.workflows.list_step_logs(run_id, limit=2)
    assert ([s.step_id for s in page.steps], page.more) == (["c", "a"], True)
    page = await store.workflows.list_step_logs(run_id, after=page.steps[-1].seq, limit=2)
    assert ([s.step_id for s in page.steps], page.more) == (["b"], False)
    assert (await store.workflows.list_step_logs(new_id())).steps == []


async def test_completed_steps_and_no_others(store: Store) -> None:
    await store.workflows.save_definition(definition())
    run_id = await claimed_run(store)
    for name, status in [
        ("z", "completed"),
        ("failed", "failed"),
        ("skipped", "skipped"),
        ("open", "running"),
        ("asked", "waiting_approval"),
        ("a", "completed"),
    ]:
        await store.workflows.create_step_log(step_log(run_id, name, status=status))
    assert await store.workflows.get_completed_step_ids(run_id) == ["z", "a"]
    assert await store.workflows.get_completed_step_ids(new_id()) == []


@pytest.mark.parametrize("old", STEP_STATUSES)
@pytest.mark.parametrize("new", STEP_STATUSES)
async def test_an_attempt_moves_as_the_table_says(
    store: Store, old: StepStatus, new: StepStatus
) -> None:
    await store.workflows.save_definition(definition())
    run_id = await claimed_run(store)
    made = await store.workflows.create_step_log(step_log(run_id, "a", status=old))
    asked = step_move(made.step.id, new, output="1" if new == "completed" else None)
    if new in STEP_MOVES[old]:
        moved = await store.workflows.update_step_status(asked)
        assert (moved.changed, moved.step.status) == (True, new)
        return
    if new == old and old != "completed":
        assert not (await store.workflows.update_step_status(asked)).changed
    else:
        assert await refused(store.workflows.update_step_status(asked)) == "illegal_state"
    assert (await store.workflows.list_step_logs(run_id)).steps == [made.step]


async def test_steps_of_nothing_are_refused(store: Store) -> None:
    await store.workflows.save_definition(definition())
    run_id = await claimed_run(store)
    unknown_run = store.workflows.create_step_log(step_log(new_id(), "a"))
    assert await refused(unknown_run) == "not_found"
    unknown_step = store.workflows.update_step_status(step_move(new_id(), "completed"))
    assert await refused(unknown_step) == "not_found"
    zombie = store.workflows.create_step_log(step_log(run_id, "a", lease="0.9"))
    assert await refused(zombie) == "lease_lost"
    assert (await store.workflows.list_step_logs(run_id)).steps == []


async def test_steps_go_with_their_run(store: Store) -> None:
    workflow = (await store.workflows.save_definition(definition())).definition.id
    run_id = await claimed_run(store)
    await store.workflows.create_step_log(step_log(run_id, "a", status="completed"))
    await store.workflows.update_run_status(move(run_id, "completed", lease="1.1"))
    assert await store.workflows.delete_definition(workflow, force=True)
    assert (await store.workflows.list_step_logs(run_id)).steps == []
    assert await store.workflows.get_completed_step_ids(run_id) == []
