"""Steps: begun and finished, each once, with the context in the same commit."""

from typing import Any

import pytest

from botbus_protocol.run_events import CRASHED
from botbus_storage.engine import SqliteEngine
from botbus_storage.operations import Operation
from botbus_storage.workflow_operations import BegunStep, Checkpointed
from tests.storage.letters import letter
from tests.storage.workflows.scene import Scene, value


def test_a_step_is_finished_in_one_go(scene: Scene) -> None:
    run, lease = scene.started()
    done = scene.finish(run, lease, "tag", output='{"v":1}', elapsed=1.5, name="make tag")
    assert done == Checkpointed()
    step = scene.step(run, "tag")
    assert (step.status, step.name, step.attempt, value(step.output)) == (
        "completed",
        "make tag",
        1,
        {"v": 1},
    )
    assert (step.started_at, step.completed_at) == (scene.clock.text(-1.5), scene.clock.text())
    assert step.idempotency_key == f"{run}/tag"


def test_a_step_that_was_begun_is_one_row(scene: Scene) -> None:
    run, lease = scene.started()
    begun = scene.begin(run, lease, input="[1]")
    assert (begun.permitted, begun.step.status, value(begun.step.input)) == (True, "running", [1])
    scene.clock.now += 2
    scene.finish(run, lease, output="1")
    (step,) = scene.steps(run)
    assert (step.id, step.status, value(step.output)) == (begun.step.id, "completed", 1)
    assert (step.started_at, step.completed_at) == (scene.clock.text(-2), scene.clock.text())
    assert value(step.input) == [1]


def test_beginning_again_is_the_same_attempt(scene: Scene) -> None:
    run, lease = scene.started()
    operation = scene.beginning(run, lease)
    first = scene.do(operation, BegunStep)
    before = scene.dump()
    assert scene.do(operation, BegunStep) == first
    assert scene.dump() == before


def test_a_finished_step_is_never_begun_again(scene: Scene) -> None:
    run, lease = scene.started()
    scene.finish(run, lease, "done", output="5")
    scene.finish(run, lease, "lost", status="failed", error="no", final=True)
    scene.crash(run, lease)
    ((_, lease),) = scene.claim()
    before = scene.dump()
    for step, output in (("done", 5), ("lost", None)):
        begun = scene.begin(run, lease, step)
        assert (begun.permitted, value(begun.step.output)) == (False, output)
        waiting = scene.wait(run, lease, step, "sleep", due_at=scene.clock.text(1))
        assert (waiting.permitted, waiting.wait) == (False, None)
        for attempt in (1, 2):
            late = scene.finishing(run, lease, step, output="6", attempt=attempt)
            assert scene.refused(late).code == "illegal_state"
    assert scene.dump() == before


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize(
    "fields",
    [
        {"output": '{"a":1}'},
        {"status": "failed", "error": "no"},
        {"status": "failed", "error": "no", "final": True},
        {"context": (("k", "1"),), "context_limit": 1000},
    ],
)
def test_finishing_twice(scene: Scene, begun: bool, fields: dict[str, Any]) -> None:
    run, lease = scene.started()
    if begun:
        scene.begin(run, lease)
    scene.again(scene.finishing(run, lease, **fields), Checkpointed)
    assert len(scene.steps(run)) == 1


def test_finishing_twice_in_one_batch(scene: Scene) -> None:
    run, lease = scene.started()
    operation = scene.finishing(run, lease)
    results = scene.batch(operation, scene.finishing(run, lease, "other"), operation)
    assert [r.changed for r in results if isinstance(r, Checkpointed)] == [True, True, False]
    assert len(scene.steps(run)) == 2


def test_failed_attempts_are_counted(scene: Scene) -> None:
    run, lease = scene.started()
    for attempt in (1, 2):
        scene.finish(run, lease, status="failed", error=f"no {attempt}", attempt=attempt)
    scene.begin(run, lease)
    scene.finish(run, lease, attempt=3, output="1")
    rows = [(s.attempt, s.status, s.error) for s in scene.steps(run)]
    assert rows == [(1, "failed", "no 1"), (2, "failed", "no 2"), (3, "completed", None)]
    assert {s.idempotency_key for s in scene.steps(run)} == {f"{run}/s"}


def test_an_attempt_is_numbered_without_gaps_whatever_a_worker_says(scene: Scene) -> None:
    run, lease = scene.started()
    scene.begin(run, lease)
    scene.crash(run, lease)
    ((_, lease),) = scene.claim()
    scene.finish(run, lease, attempt=1, output="1")
    scene.finish(run, lease, "t", attempt=7, output="1")
    rows = [(s.step_id, s.attempt, s.status, s.error) for s in scene.steps(run)]
    assert rows == [
        ("s", 1, "failed", CRASHED),
        ("s", 2, "completed", None),
        ("t", 1, "completed", None),
    ]


def test_an_ended_run_has_no_open_steps(scene: Scene) -> None:
    run, lease = scene.started()
    scene.begin(run, lease, "a")
    scene.wait(run, lease, "b", "approval")
    scene.finish(run, lease, "c")
    scene.complete(run, lease)
    rows = [(s.step_id, s.status, s.error) for s in scene.steps(run)]
    assert rows == [
        ("a", "failed", "the run was completed"),
        ("b", "failed", "the run was completed"),
        ("c", "completed", None),
    ]
    assert scene.run(run).waits == []


# Context


def test_a_context_changes_with_its_step(scene: Scene) -> None:
    run, lease = scene.started(context='{"a":1,"b":{"c":2}}')
    scene.finish(run, lease, "x", context=(("a", '"é"'), ("n", "[]")), context_limit=1000)
    scene.finish(run, lease, "y", context=(("b", None), ("n", "null")), context_limit=1000)
    assert value(scene.run(run).context) == {"a": "é", "n": None}
    assert scene.column(run, "context") == '{"a":1,"b":{"c":2}}'
    stored = len('{"a":1,"b":{"c":2}}') + len("a") + len('"é"'.encode()) + len("nnull") + len("b")
    assert scene.column(run, "context_bytes") == stored


def test_a_step_writes_what_it_changed_and_not_the_whole_context(scene: Scene) -> None:
    big = f'{{"big":"{"x" * 100_000}"}}'
    run, lease = scene.started(context=big)
    before = scene.connection.total_changes
    statements: list[str] = []
    scene.connection.set_trace_callback(statements.append)
    scene.finish(run, lease, context=(("small", "1"),), context_limit=10_000_000)
    scene.connection.set_trace_callback(None)
    assert scene.connection.total_changes - before == 3  # step, key, size
    assert not any("x" * 1000 in statement for statement in statements)
    assert value(scene.run(run).context)["small"] == 1


def test_a_context_that_would_be_too_large_is_refused_with_its_step(scene: Scene) -> None:
    run, lease = scene.started()
    operation = scene.finishing(run, lease, context=(("k", f'"{"x" * 100}"'),), context_limit=100)
    fault = scene.refused(operation)
    assert (fault.code, fault.details) == ("too_large", {"limit": 100})
    assert scene.steps(run) == []


def test_what_is_written_over_is_not_counted_twice(scene: Scene) -> None:
    run, lease = scene.started()
    for number in range(10):
        scene.finish(run, lease, f"s{number}", context=(("k", f'"{"x" * 40}"'),), context_limit=100)
    assert scene.column(run, "context_bytes") == len("{}") + len("k") + 42


def test_half_of_a_limit_is_worth_an_event_once(scene: Scene) -> None:
    run, lease = scene.started()
    change = (("k", f'"{"x" * 60}"'),)
    first = scene.finish(run, lease, "a", context=change, context_limit=100)
    second = scene.finish(run, lease, "b", context=(*change, ("l", "1")), context_limit=100)
    assert (first.context_bytes, second.context_bytes) == (65, 0)
    scene.finish(run, lease, "c", output=f'"{"x" * 60}"', output_limit=100)
    scene.finish(run, lease, "d", output=f'"{"x" * 40}"', output_limit=100)
    large = [event for event in scene.events if event["type"] == "run.large"]
    assert [(e.get("context_bytes"), e.get("step"), e.get("output_bytes")) for e in large] == [
        (65, None, None),
        (None, "c", 62),
    ]


def test_a_change_that_cannot_be_stored_takes_its_step_along(scene: Scene) -> None:
    run, lease = scene.started()
    good = scene.finishing(run, lease, "good")
    broken = scene.finishing(
        run, lease, "bad", context=(("k", "1"), ("l", "no json")), context_limit=1000
    )
    _, result = scene.batch(good, broken)
    assert getattr(result, "code", None) == "internal"
    assert [s.step_id for s in scene.steps(run)] == ["good"]
    assert value(scene.run(run).context) == {}


# Gathered steps


def writes(scene: Scene, *operations: Operation) -> int:
    """Statements that wrote while a batch was carried out."""
    statements: list[str] = []
    scene.connection.set_trace_callback(statements.append)
    scene.batch(*operations)
    scene.connection.set_trace_callback(None)
    return sum("INSERT INTO workflow_steps" in statement for statement in statements)


def test_many_steps_are_one_statement(scene: Scene) -> None:
    runs = [scene.started() for _ in range(16)]
    assert writes(scene, *(scene.finishing(run, lease) for run, lease in runs)) == 1
    assert writes(scene, *(scene.finishing(run, lease, "t") for run, lease in runs)) == 1
    assert all(scene.step(run, "t").status == "completed" for run, _ in runs)


def test_begun_steps_are_gathered_too(scene: Scene) -> None:
    runs = [scene.started() for _ in range(16)]
    for run, lease in runs:
        scene.begin(run, lease)
    assert writes(scene, *(scene.finishing(run, lease) for run, lease in runs)) == 1
    assert all(len(scene.steps(run)) == 1 for run, _ in runs)


def test_what_is_gathered_is_seen_by_what_follows_in_the_batch(scene: Scene) -> None:
    run, lease = scene.started()
    finish = scene.finishing(run, lease, output="1")
    _, begun, _, done = scene.batch(
        finish,
        scene.beginning(run, lease),
        scene.finishing(run, lease, "t"),
        scene.moving(run, "completed", lease=lease),
    )
    assert isinstance(begun, BegunStep)
    assert (begun.permitted, begun.step.status) == (False, "completed")
    assert not hasattr(done, "code")
    assert [s.status for s in scene.steps(run)] == ["completed", "completed"]


def test_a_step_that_is_gathered_is_not_permitted_again(scene: Scene) -> None:
    run, lease = scene.started()
    _, begun = scene.batch(scene.finishing(run, lease), scene.beginning(run, lease))
    assert isinstance(begun, BegunStep)
    assert (begun.permitted, begun.step.status) == (False, "completed")


def test_what_another_holder_began_is_not_finished_in_its_name(scene: Scene) -> None:
    run, lease = scene.started()
    scene.begin(run, lease, "a")
    scene.move(run, "paused")
    scene.finish(run, lease, "b")
    scene.move(run, "pending")
    ((_, lease),) = scene.claim()
    scene.finish(run, lease, "a", output="1")
    rows = [(s.attempt, s.status, s.error) for s in scene.steps(run) if s.step_id == "a"]
    assert rows == [(1, "failed", CRASHED), (2, "completed", None)]


def test_a_step_that_may_not_be_written_leaves_its_neighbours_alone(scene: Scene) -> None:
    run, lease = scene.started()
    other, other_lease = scene.started()
    scene.move(other, "cancelled")
    good, zombie, message, unknown = scene.batch(
        scene.finishing(run, lease),
        scene.finishing(other, other_lease),
        letter(),
        scene.finishing(scene.bot, lease),
    )
    assert isinstance(good, Checkpointed)
    assert [getattr(r, "code", None) for r in (zombie, message, unknown)] == [
        "lease_lost",
        None,
        "not_found",
    ]
    assert len(scene.steps(run)) == 1


def test_a_step_of_an_atomic_frame_stands_or_falls_with_it(scene: Scene) -> None:
    run, lease = scene.started()
    broken = scene.batch(letter(), scene.finishing(run, lease), letter(channel="no"), atomic=True)
    assert {getattr(r, "code", None) for r in broken} == {"not_found"}
    assert scene.steps(run) == []
    lost = scene.batch(letter(), scene.finishing(run, "0.0"), atomic=True)
    assert {getattr(r, "code", None) for r in lost} == {"lease_lost"}
    assert scene.connection.execute("SELECT count(*) FROM bot_messages").fetchone()[0] == 1
    whole = scene.batch(letter(), scene.finishing(run, lease), atomic=True)
    assert not any(hasattr(r, "code") for r in whole)
    assert len(scene.steps(run)) == 1


def test_a_step_that_waits_is_not_finished_by_what_is_gathered(scene: Scene) -> None:
    run, lease = scene.started()
    scene.wait(run, lease, "nap", "sleep", due_at=scene.clock.text(1))
    scene.finish(run, lease, "nap", output='"woken"')
    assert scene.run(run).waits == []
    assert scene.later(2).count == 0
    assert value(scene.step(run, "nap").output) == "woken"


def test_a_long_step_finishes_while_others_are_claimed(scene: Scene) -> None:
    """The time a step began is that of its beginning, also in a run that crashed meanwhile."""
    run, lease = scene.started()
    scene.crash(run, lease)
    ((_, lease),) = scene.claim()
    scene.finish(run, lease, elapsed=3)
    assert scene.step(run, "s").started_at == scene.clock.text(-3)


def test_the_statement_for_steps_looks_them_up_by_index(scene: Scene) -> None:
    statements: list[str] = []
    run, lease = scene.started()
    scene.connection.set_trace_callback(statements.append)
    scene.finish(run, lease)
    scene.connection.set_trace_callback(None)
    (statement,) = (s for s in statements if "INSERT INTO workflow_steps" in s)
    plan = scene.connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    assert any("SEARCH r USING INDEX idx_workflow_runs_id" in row[3] for row in plan), plan


def test_a_repeat_is_known_after_a_restart(scene: Scene) -> None:
    """Two engines over one file, one after the other: nothing is remembered between them."""
    run, lease = scene.started()
    operation = scene.finishing(run, lease)
    scene.do(operation, Checkpointed)
    scene.engine = SqliteEngine(scene.connection, scene.clock)
    assert scene.do(operation, Checkpointed).changed is False


def test_a_pending_step_is_finished(scene: Scene) -> None:
    run, lease = scene.started()
    scene.move(run, "paused")
    assert scene.begin(run, lease).step.status == "pending"
    scene.move(run, "pending")
    ((_, lease),) = scene.claim()
    scene.finish(run, lease)
    assert [(s.attempt, s.status) for s in scene.steps(run)] == [(1, "completed")]
