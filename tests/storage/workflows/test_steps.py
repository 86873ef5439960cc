"""Steps: begun and finished, each once."""

from typing import Any

import pytest

from botbus_protocol.run_events import CRASHED
from botbus_storage.engine import SqliteEngine
from botbus_storage.workflow_operations import BegunStep, Checkpointed
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


def test_a_long_step_finishes_while_others_are_claimed(scene: Scene) -> None:
    """The time a step began is that of its beginning, also in a run that crashed meanwhile."""
    run, lease = scene.started()
    scene.crash(run, lease)
    ((_, lease),) = scene.claim()
    scene.finish(run, lease, elapsed=3)
    assert scene.step(run, "s").started_at == scene.clock.text(-3)


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
