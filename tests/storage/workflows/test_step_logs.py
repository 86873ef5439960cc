"""Attempts as they are told, by workers that keep their own books."""

from typing import Any

import pytest

from botbus_protocol.grammar import new_id
from botbus_protocol.run_events import CRASHED
from botbus_protocol.states import STEP_ENDS, STEP_MOVES, STEP_STATUSES, StepStatus
from botbus_storage.workflow_operations import CreateStepLog, SteppedLog, UpdateStepStatus
from tests.storage.workflows.scene import Scene, value


def log(run: str, lease: str | None, **fields: Any) -> CreateStepLog:
    given = {"id": new_id(), "step": "s", "name": "", "status": "pending", "attempt": 1}
    return CreateStepLog(run=run, lease=lease, **{**given, **fields})


def update(step: str, status: Any, lease: str | None, **fields: Any) -> UpdateStepStatus:
    return UpdateStepStatus(id=step, status=status, lease=lease, **fields)


@pytest.mark.parametrize("status", STEP_STATUSES)
def test_an_attempt_is_written_as_it_is_told(scene: Scene, status: StepStatus) -> None:
    run, lease = scene.started()
    written = scene.again(log(run, lease, status=status, input="[1]", output="2"), SteppedLog)
    assert (written.step.status, value(written.step.input)) == (status, [1])
    assert (written.step.completed_at is not None) == (status in STEP_ENDS)
    assert (written.step.started_at is not None) == (status != "pending")
    assert [w.kind for w in scene.run(run).waits] == (
        ["approval"] if status == "waiting_approval" else []
    )


@pytest.mark.parametrize("old", STEP_STATUSES)
@pytest.mark.parametrize("new", STEP_STATUSES)
def test_an_attempt_moves_along_its_states(scene: Scene, old: StepStatus, new: StepStatus) -> None:
    run, lease = scene.started()
    step = scene.do(log(run, lease, status=old), SteppedLog).step
    operation = update(step.id, new, lease, output="1", error="why")
    if new in STEP_MOVES[old]:
        moved = scene.again(operation, SteppedLog)
        assert (moved.step.status, moved.step.id) == (new, step.id)
    elif new == old and old not in STEP_ENDS:
        assert scene.do(operation, SteppedLog).changed is False
    else:
        fault = scene.refused(operation)
        assert (fault.code, fault.details) == ("illegal_state", {"from": old, "to": new})


def test_a_step_from_its_beginning_to_its_end(scene: Scene) -> None:
    run, lease = scene.started()
    step = scene.do(log(run, lease, name="make tag"), SteppedLog).step
    scene.do(update(step.id, "running", lease), SteppedLog)
    scene.clock.now += 1
    done = scene.do(update(step.id, "completed", lease, output='"v1"'), SteppedLog).step
    assert (done.name, done.status, value(done.output)) == ("make tag", "completed", "v1")
    assert (done.started_at, done.completed_at) == (scene.clock.text(-1), scene.clock.text())
    assert scene.begin(run, lease, "s").permitted is False


def test_attempts_follow_each_other(scene: Scene) -> None:
    run, lease = scene.started()
    first = scene.do(log(run, lease, status="failed", error="no"), SteppedLog).step
    assert scene.refused(log(run, lease, attempt=1)).code == "conflict"
    assert scene.refused(log(run, lease, attempt=3)).code == "illegal_state"
    assert scene.refused(log(run, lease, id=first.id, attempt=2)).code == "conflict"
    assert scene.refused(log(run, lease, id=first.id, step="t")).code == "conflict"
    second = scene.do(log(run, lease, attempt=2), SteppedLog).step
    assert scene.refused(log(run, lease, attempt=3)).code == "illegal_state"
    scene.do(update(second.id, "running", lease), SteppedLog)
    scene.do(update(second.id, "completed", lease), SteppedLog)
    assert scene.refused(log(run, lease, attempt=3)).code == "illegal_state"


def test_what_an_earlier_worker_left_open_has_failed(scene: Scene) -> None:
    run, lease = scene.started()
    scene.do(log(run, lease, status="running"), SteppedLog)
    scene.crash(run, lease)
    ((_, lease),) = scene.claim()
    scene.do(log(run, lease, attempt=2), SteppedLog)
    rows = [(s.attempt, s.status, s.error) for s in scene.steps(run)]
    assert rows == [(1, "failed", CRASHED), (2, "pending", None)]


def test_only_the_holder_of_a_running_run_writes(scene: Scene) -> None:
    run, lease = scene.started()
    step = scene.do(log(run, lease), SteppedLog).step
    assert scene.refused(log(new_id(), lease)).code == "not_found"
    assert scene.refused(update(new_id(), "running", lease)).code == "not_found"
    for other in (None, "0.0"):
        assert scene.refused(log(run, other, step="t")).code == "lease_lost"
        assert scene.refused(update(step.id, "running", other)).code == "lease_lost"
    scene.crash(run, lease)
    assert scene.refused(log(run, None, step="t")).code == "illegal_state"
    assert scene.refused(update(step.id, "running", None)).code == "illegal_state"
    assert scene.refused(update(step.id, "running", lease)).code == "lease_lost"


def test_an_attempt_that_was_set_aside_stays_as_it_is(scene: Scene) -> None:
    run, lease = scene.started()
    step = scene.do(log(run, lease, status="failed"), SteppedLog).step
    scene.move(run, "failed", lease=lease, error="no")
    scene.retry(run)
    ((_, lease),) = scene.claim()
    assert scene.refused(update(step.id, "running", lease)).code == "illegal_state"


def test_a_pause_comes_with_the_attempt(scene: Scene) -> None:
    run, lease = scene.started()
    step = scene.do(log(run, lease, status="running"), SteppedLog).step
    scene.move(run, "paused")
    assert scene.do(update(step.id, "completed", lease), SteppedLog).pausing
    assert (scene.status(run), scene.step(run, "s").status) == ("paused", "completed")


def test_an_attempt_that_waits_for_approval_is_decided(scene: Scene) -> None:
    run, lease = scene.started()
    step = scene.do(log(run, lease, status="running"), SteppedLog).step
    scene.do(update(step.id, "waiting_approval", lease), SteppedLog)
    scene.suspend(run, lease)
    assert scene.status(run) == "paused"
    scene.decide(run, "s")
    assert scene.status(run) == "pending"
