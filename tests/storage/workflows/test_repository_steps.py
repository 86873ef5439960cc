"""What any engine has to do with steps as a `WorkflowRepository`; SQLite's is the first one.

Only `store.workflows` is asked and told here, so that a second engine can run this as it is.
"""

import pytest

from botbus_protocol.grammar import new_id
from botbus_protocol.states import STEP_MOVES, STEP_STATUSES, StepStatus
from botbus_storage.store import Store
from tests.storage.workflows.forms import (
    claimed_run,
    definition,
    move,
    plain,
    refused,
    step_log,
    step_move,
)


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
