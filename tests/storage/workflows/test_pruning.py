"""Retention: finished runs go by age and by number, oldest first, a few at a time; no others do."""

import sqlite3
from pathlib import Path

import pytest

from botbus_storage.reading.runs import RunScope
from botbus_storage.store import Store
from botbus_storage.workflow_operations import Moved, PruneRuns
from botbus_storage.writing.workflows import pruning
from tests.storage.workflows.forms import (
    claimed_run,
    definition,
    ended_run,
    move,
    new_run,
    step_log,
)

FAR = "2999-01-01T00:00:00.000000Z"


async def prune(
    store: Store, *, ended_before: str | None = None, keep: int | None = None, most: int = 100
) -> int:
    seqs = await store.runs.prunable(ended_before, keep, most)
    (outcome,) = await store.submit([PruneRuns(tuple(seqs))])
    assert isinstance(outcome, Moved)
    return outcome.count


async def left(store: Store, workflow: str | None = None) -> list[str]:
    """Oldest first."""
    return [r.id for r in (await store.workflows.list_runs(RunScope(workflow=workflow)))[::-1]]


async def test_by_age_oldest_first_and_a_few_at_a_time(store: Store) -> None:
    await store.workflows.save_definition(definition())
    ids = [await ended_run(store) for _ in range(5)]
    third = await store.workflows.get_run(ids[2])
    assert third is not None
    bound = third.completed_at
    assert await prune(store, ended_before=bound, most=1) == 1
    assert await left(store) == ids[1:]
    assert await prune(store, ended_before=bound) == 1
    assert await left(store) == ids[2:]
    assert await prune(store, ended_before=bound) == 0


async def test_by_number_of_each_workflow(store: Store) -> None:
    for name in ("a", "b"):
        await store.workflows.save_definition(definition(name))
    a = [await ended_run(store, "a") for _ in range(5)]
    b = [await ended_run(store, "b") for _ in range(2)]
    assert await prune(store, keep=3) == 2
    assert await left(store, "a") == a[2:]
    assert await left(store, "b") == b
    assert await store.runs.prunable(None, 3, 1) == []
    assert await prune(store, keep=0, most=3) == 3
    assert await left(store) == b


async def test_what_is_not_finished_stays(store: Store) -> None:
    await store.workflows.save_definition(definition())
    pending, running = await new_run(store), await claimed_run(store)
    paused, crashed = await new_run(store), await claimed_run(store, lease="1.2")
    await store.workflows.update_run_status(move(paused, "paused"))
    await store.workflows.update_run_status(move(crashed, "crashed", lease="1.2"))
    for status in ("completed", "failed", "cancelled"):
        done = await claimed_run(store, lease="1.3")
        await store.workflows.update_run_status(move(done, status, lease="1.3"))
    assert await prune(store, ended_before=FAR, keep=0) == 3
    assert await left(store) == [pending, running, paused, crashed]
    assert await prune(store, ended_before=FAR, keep=0) == 0
    seqs = [run.seq for run in await store.workflows.list_runs(RunScope())]
    (outcome,) = await store.submit([PruneRuns(tuple(seqs))])
    assert outcome == Moved(count=0)
    assert await left(store) == [pending, running, paused, crashed]


async def test_all_that_belongs_to_a_run_goes_with_it(plain_store: Store, database: Path) -> None:
    await plain_store.workflows.save_definition(definition())
    run_id = await claimed_run(plain_store)
    await plain_store.workflows.create_step_log(step_log(run_id, "a", status="completed"))
    await plain_store.workflows.update_run_status(
        move(run_id, "completed", lease="1.1", context='{"k":1}')
    )
    assert await prune(plain_store, keep=0) == 1
    connection = sqlite3.connect(database)
    for table in ("workflow_runs", "workflow_steps", "workflow_context", "workflow_waits"):
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    connection.close()


async def test_runs_with_many_steps_go_in_turns(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "MOST_ROWS", 8)
    await store.workflows.save_definition(definition())
    for _ in range(4):
        run_id = await claimed_run(store)
        for n in range(5):
            await store.workflows.create_step_log(step_log(run_id, f"s{n}", status="completed"))
        await store.workflows.update_run_status(move(run_id, "completed", lease="1.1"))
    assert await prune(store, keep=0) == 2
    assert await prune(store, keep=1) == 1
    assert len(await left(store)) == 1


async def test_nothing_is_pruned_without_a_rule(store: Store) -> None:
    await store.workflows.save_definition(definition())
    await ended_run(store)
    assert await prune(store) == 0
    assert len(await left(store)) == 1


async def test_when_the_first_of_the_finished_runs_ended(store: Store) -> None:
    assert await store.runs.earliest_end() is None
    for name in ("a", "b"):
        await store.workflows.save_definition(definition(name))
    await new_run(store, "a")
    assert await store.runs.earliest_end() is None
    first = await store.workflows.get_run(await ended_run(store, "b"))
    await ended_run(store, "a")
    assert first is not None
    assert await store.runs.earliest_end() == first.completed_at
