"""What any engine has to do with runs as a `WorkflowRepository`; SQLite's is the first one.

Only `store.workflows` is asked and told here, so that a second engine can run this as it is.
"""

from typing import Any

import pytest

from botbus_protocol.errors import Refused
from botbus_protocol.grammar import new_id
from botbus_protocol.states import RUN_MOVES
from botbus_storage.reading.runs import RunScope
from botbus_storage.store import Store
from tests.storage.workflows.forms import (
    claimed_run,
    definition,
    move,
    new_run,
    plain,
    refused,
    run,
)


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
