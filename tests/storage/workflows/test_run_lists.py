"""Lists of runs by every filter, within a budget; and what is around one run."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botbus_protocol.grammar import new_id
from botbus_protocol.timestamps import format_time
from botbus_storage.reading.rows import READ_BYTES
from botbus_storage.reading.runs import RunScope, first_seq_at
from botbus_storage.store import Store
from botbus_storage.workflow_operations import BeginStep, FinishStep, StepWait
from tests.storage.workflows.forms import (
    bot,
    claimed_run,
    definition,
    ended_run,
    move,
    new_run,
    plain,
    step_log,
)


async def found(store: Store, **scope: Any) -> list[str]:
    return [run.id for run in await store.workflows.list_runs(RunScope(**scope))]


async def test_by_the_name_of_a_workflow_whoever_it_belongs_to(store: Store) -> None:
    me, other = await bot(store, "me"), await bot(store, "other")
    for owner in (None, me, other):
        await store.workflows.save_definition(definition(owner_bot_id=owner))
    await store.workflows.save_definition(definition("another"))
    ids = [await new_run(store, bot_id=owner) for owner in (me, other, new_id())]
    await new_run(store, "another")
    assert await found(store, workflow="report") == ids[::-1]
    runs = await store.workflows.list_runs(RunScope(workflow="report"))
    assert len({run.workflow_id for run in runs}) == 3


async def test_by_state(store: Store) -> None:
    await store.workflows.save_definition(definition())
    open_run, done = await new_run(store), await ended_run(store)
    assert await found(store, status="pending") == [open_run]
    assert await found(store, status="completed") == [done]
    assert await found(store, status="completed", workflow="report") == [done]
    assert await found(store, status="crashed") == []


async def test_by_key_or_concurrency_key(store: Store) -> None:
    for name in ("report", "other"):
        await store.workflows.save_definition(definition(name))
    by_key = [await new_run(store, name, key="k") for name in ("report", "other")]
    both = await new_run(store, key="j", concurrency_key="k")
    done = await ended_run(store, concurrency_key="done")
    await new_run(store, key="another")
    assert await found(store, key="k") == [both, *by_key[::-1]]
    assert await found(store, key="k", workflow="report") == [both, by_key[0]]
    assert await found(store, key="done") == [done]
    assert await found(store, key="k", before=3) == by_key[::-1]


async def test_by_text_in_input_result_or_error(store: Store) -> None:
    await store.workflows.save_definition(definition())
    text = 'a "quoted" ü\n%_'
    by_input = await new_run(store, input='{"t":"a \\"quoted\\" ü\\n%_ b"}')
    by_error = await claimed_run(store)
    await store.workflows.update_run_status(move(by_error, "failed", lease="1.1", error=text))
    by_result = await claimed_run(store)
    await store.workflows.update_run_status(
        move(by_result, "completed", lease="1.1", result='["a \\"quoted\\" ü\\n%_"]')
    )
    await new_run(store, input='"a quoted x"')
    assert await found(store, text=text) == [by_result, by_error, by_input]
    assert await found(store, text="%") == [by_result, by_error, by_input]
    assert await found(store, text="Quoted") == []


async def test_by_time(store: Store) -> None:
    await store.workflows.save_definition(definition())
    ids = [await new_run(store) for _ in range(5)]
    times = [run.created_at for run in (await store.workflows.list_runs(RunScope()))[::-1]]
    assert await found(store, created_after=times[2]) == [ids[4], ids[3]]
    assert await found(store, created_before=times[2]) == [ids[1], ids[0]]
    assert await found(store, created_after=times[0], created_before=times[3]) == [ids[2], ids[1]]
    assert await found(store, created_after=times[4]) == []
    assert await found(store, created_before=times[0]) == []


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), max_size=20), st.integers(-1, 60))
def test_a_time_is_found_as_a_seq_whatever_runs_are_missing(
    steps: list[tuple[int, int]], wanted: int
) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE workflow_runs (seq INTEGER PRIMARY KEY, created_at TEXT)")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    seq = elapsed = 0
    made: list[tuple[int, int]] = []
    for more_seq, more_time in steps:
        seq, elapsed = seq + more_seq, elapsed + more_time
        made.append((seq, elapsed))
    rows = [(s, format_time(start + timedelta(seconds=t))) for s, t in made]
    connection.executemany("INSERT INTO workflow_runs VALUES (?, ?)", rows)
    found_seq = first_seq_at(connection, format_time(start + timedelta(seconds=wanted)))
    connection.close()
    assert [s for s, t in made if t >= wanted] == [s for s, _ in made if s >= found_seq]


async def test_large_runs_make_short_pages_that_miss_nothing(store: Store) -> None:
    await store.workflows.save_definition(definition())
    large = f'"{"x" * (READ_BYTES // 2)}"'
    ids = [await new_run(store, input=large) for _ in range(5)]
    seen: list[str] = []
    before: int | None = None
    while page := await store.workflows.list_runs(RunScope(before=before)):
        assert len(page) <= 2
        seen += [run.id for run in page]
        before = page[-1].seq
    assert seen == ids[::-1]


async def test_large_steps_make_short_pages_that_miss_nothing(store: Store) -> None:
    await store.workflows.save_definition(definition())
    run_id = await claimed_run(store)
    large = f'"{"x" * (READ_BYTES // 2)}"'
    names = [f"s{n}" for n in range(5)]
    for name in names:
        log = step_log(run_id, name, status="completed", output=large)
        await store.workflows.create_step_log(log)
    page = await store.workflows.list_step_logs(run_id)
    seen = page.steps
    while page.more:
        assert len(page.steps) == 2
        page = await store.workflows.list_step_logs(run_id, after=seen[-1].seq)
        seen += page.steps
    assert [step.step_id for step in seen] == names
    assert await store.runs.count_steps(run_id) == len(names)


async def test_only_what_counts_of_the_steps(plain_store: Store, database: Path) -> None:
    await plain_store.workflows.save_definition(definition())
    run_id = await claimed_run(plain_store)
    for name in ("a", "b", "c"):
        await plain_store.workflows.create_step_log(step_log(run_id, name, status="completed"))
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE workflow_steps SET superseded = 1 WHERE step_id <> 'a'")
    connection.close()
    page = await plain_store.workflows.list_step_logs(run_id, limit=1, all_rows=False)
    assert ([step.step_id for step in page.steps], page.more) == (["a"], False)
    assert len((await plain_store.workflows.list_step_logs(run_id)).steps) == 3
    assert await plain_store.workflows.get_completed_step_ids(run_id) == ["a"]
    assert await plain_store.runs.count_steps(run_id) == 3


async def test_what_is_around_a_run(store: Store) -> None:
    await store.workflows.save_definition(definition(concurrency=4, status="paused"))
    waiting = await new_run(store, concurrency_key="k")
    await store.workflows.save_definition(definition(concurrency=4))
    second = await new_run(store, concurrency_key="k")
    running = await claimed_run(store)
    await store.workflows.create_step_log(step_log(running, "busy"))
    await store.workflows.create_step_log(step_log(running, "done", status="completed"))
    await store.submit(
        [
            BeginStep(
                run=running,
                step="asleep",
                lease="1.1",
                name="",
                kind="sleep",
                wait=StepWait(kind="sleep", due_at="2999-01-01T00:00:00.000000Z"),
            )
        ]
    )
    around = await store.runs.around(running)
    assert around is not None
    assert (around.workflow_status, around.concurrency, around.running) == ("active", 4, 1)
    assert (around.slot_holders, around.current_steps) == ([], ["busy"])
    queued = await store.runs.around(second)
    assert queued is not None
    assert (queued.slot_holders, queued.current_steps) == ([waiting], [])
    first = await store.runs.around(waiting)
    assert first is not None
    assert first.slot_holders == []
    assert await store.runs.around(new_id()) is None


@pytest.mark.parametrize("after", [0, 1])
async def test_what_waits_for_approval(store: Store, after: int) -> None:
    await store.workflows.save_definition(definition())
    runs = [await claimed_run(store, lease=f"1.{n}") for n in range(2)]
    for n, run_id in enumerate(runs):
        asked = step_log(run_id, "ok", status="waiting_approval", lease=f"1.{n}")
        await store.workflows.create_step_log(asked)
    await store.workflows.create_step_log(step_log(runs[1], "busy"))
    everywhere = await store.runs.waiting_approvals(after=after)
    assert [step.run_id for step in everywhere] == runs[after:]
    (one,) = await store.runs.waiting_approvals(runs[1])
    assert (one.run_id, one.step_id, one.status) == (runs[1], "ok", "waiting_approval")


async def test_the_run_of_an_attempt(store: Store) -> None:
    await store.workflows.save_definition(definition())
    run_id = await claimed_run(store)
    made = await store.workflows.create_step_log(step_log(run_id, "a"))
    assert await store.runs.run_of_step(made.step.id) == run_id
    assert await store.runs.run_of_step(new_id()) is None


async def test_the_context_that_a_run_began_with(store: Store) -> None:
    await store.workflows.save_definition(definition())
    run_id = await claimed_run(store, context='{"k":1}')
    assert await store.runs.first_context(run_id) is None
    change = FinishStep(
        run=run_id,
        step="a",
        lease="1.1",
        status="completed",
        name="",
        kind="step",
        context=(("k", "2"),),
    )
    await store.submit([change])
    assert plain(await store.runs.first_context(run_id)) == {"k": 1}
    now = await store.workflows.get_run(run_id)
    assert now is not None
    assert plain(now.context) == {"k": 2}
