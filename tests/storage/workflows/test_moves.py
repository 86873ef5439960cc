"""Moving runs by name: who may, what is illegal and changes nothing, and what a repeat does."""

import pytest

from botbus_protocol.states import RUN_ENDS, RUN_MOVES, RUN_STATUSES, RunStatus
from botbus_storage.workflow_operations import MovedRun
from tests.storage.workflows.scene import Scene, value


def in_state(scene: Scene, status: RunStatus) -> tuple[str, str | None]:
    """A run in a state, and its lease if it has one."""
    if status == "pending":
        return scene.create(), None
    run, lease = scene.started()
    if status == "crashed":
        scene.crash(run, lease)
    elif status != "running":
        scene.move(run, status, lease=lease)
    assert scene.status(run) == status
    return run, lease if status == "running" else None


ILLEGAL = [
    (old, new)
    for old in RUN_STATUSES
    for new in RUN_STATUSES
    if old != new and (new not in RUN_MOVES[old] or old in RUN_ENDS)
]


@pytest.mark.parametrize(("old", "new"), ILLEGAL)
def test_an_illegal_move_is_refused(scene: Scene, old: RunStatus, new: RunStatus) -> None:
    run, lease = in_state(scene, old)
    fault = scene.refused(scene.moving(run, new, lease=lease, new_lease=scene.lease()))
    assert fault.code == "illegal_state"
    assert fault.details == {"from": old, "to": new}


@pytest.mark.parametrize("old", RUN_STATUSES)
@pytest.mark.parametrize("new", ["completed", "failed", "crashed"])
def test_only_the_holder_may(scene: Scene, old: RunStatus, new: RunStatus) -> None:
    run, _ = in_state(scene, old)
    if old == new:
        return
    code = "lease_lost" if old == "running" else "illegal_state"
    assert scene.refused(scene.moving(run, new)).code == code
    assert scene.refused(scene.moving(run, new, lease="0.0")).code == "lease_lost"


def test_a_run_that_nobody_knows(scene: Scene) -> None:
    assert scene.refused(scene.moving(scene.bot, "cancelled")).code == "not_found"


def test_completing(scene: Scene) -> None:
    run, lease = scene.started()
    operation = scene.moving(run, "completed", lease=lease, result='{"tag":1}')
    done = scene.again(operation, MovedRun)
    assert (done.run.status, value(done.run.result)) == ("completed", {"tag": 1})
    assert done.run.completed_at == scene.clock.text()
    assert (done.aftermath.ended, done.aftermath.lost) == ((run,), ())
    assert scene.told() == ["run.started", "run.completed"]
    assert scene.refused(scene.moving(run, "completed", lease=lease, result="2")).code == (
        "lease_lost"
    )


def test_failing(scene: Scene) -> None:
    run, lease = scene.started()
    done = scene.again(scene.moving(run, "failed", lease=lease, error="no disk"), MovedRun)
    assert (done.run.status, done.run.error) == ("failed", "no disk")
    assert scene.events[-1]["error"] == "no disk"


def test_claiming_by_name(scene: Scene) -> None:
    run, lease = scene.create(), scene.lease()
    moved = scene.move(run, "running", new_lease=lease, holder_pid=4)
    assert (moved.run.status, moved.run.holder_pid, moved.run.attempt) == ("running", 4, 1)
    scene.finish(run, lease)
    scene.crash(run, lease)
    assert scene.move(run, "running", new_lease=scene.lease()).run.attempt == 2


def test_what_waits_for_something_is_not_claimed_by_name(scene: Scene) -> None:
    scene.started(concurrency_key="k")
    queued = scene.create(concurrency_key="k")
    delayed = scene.create(due_at=scene.clock.text(5))
    for run in (queued, delayed):
        fault = scene.refused(scene.moving(run, "running", new_lease=scene.lease()))
        assert (fault.code, "may not be claimed now" in fault.message) == ("illegal_state", True)


def test_a_holder_that_says_it_crashed(scene: Scene) -> None:
    run, lease = scene.started()
    moved = scene.move(run, "crashed", lease=lease, error="no memory")
    assert (moved.run.status, moved.run.crashes, moved.run.error) == ("crashed", 1, "no memory")
    assert moved.aftermath.ready == (scene.workflow,)
    assert scene.move(run, "crashed").changed is False
    assert scene.refused(scene.moving(run, "crashed", lease=lease)).code == "lease_lost"


def test_giving_back(scene: Scene) -> None:
    run, lease = scene.started()
    moved = scene.move(run, "pending", lease=lease)
    assert (moved.run.status, moved.aftermath.ready) == ("pending", (scene.workflow,))
    assert len(scene.claim()) == 1


@pytest.mark.parametrize("status", ["pending", "crashed"])
def test_pausing_what_nobody_holds(scene: Scene, status: RunStatus) -> None:
    run, _ = in_state(scene, status)
    paused = scene.again(scene.moving(run, "paused"), MovedRun)
    assert (paused.run.status, paused.run.held) == ("paused", True)
    assert scene.claim() == []
    resumed = scene.again(scene.moving(run, "pending"), MovedRun)
    assert (resumed.run.status, resumed.run.held) == ("pending", False)
    assert resumed.aftermath.ready == (scene.workflow,)
    assert [claimed for claimed, _ in scene.claim()] == [run]


@pytest.mark.parametrize("checkpoint", ["complete", "fail", "context", "begin", "wait", "suspend"])
def test_a_running_run_is_paused_at_its_next_checkpoint(scene: Scene, checkpoint: str) -> None:
    run, lease = scene.started()
    asked = scene.again(scene.moving(run, "paused"), MovedRun)
    assert (asked.run.status, asked.run.pausing) == ("running", True)
    if checkpoint == "complete":
        assert scene.finish(run, lease).pausing
    elif checkpoint == "fail":
        assert scene.finish(run, lease, status="failed", error="no").pausing
    elif checkpoint == "context":
        assert scene.finish(run, lease, context=(("a", "1"),), context_limit=50).pausing
    elif checkpoint == "begin":
        begun = scene.begin(run, lease)
        assert (begun.pausing, begun.permitted, begun.step.status) == (True, False, "pending")
    elif checkpoint == "wait":
        assert scene.wait(run, lease, "s", "sleep", due_at=scene.clock.text(1)).pausing
    else:
        scene.suspend(run, lease, due_in=1)
    paused = scene.run(run)
    assert (paused.status, paused.held, paused.pausing) == ("paused", True, False)
    assert scene.told()[-1] == "run.paused"
    assert scene.refused(scene.beginning(run, lease, "t")).code == "lease_lost"
    scene.later(2)
    assert (scene.status(run), scene.claim()) == ("paused", [])
    scene.move(run, "pending")
    ((_, lease),) = scene.claim()
    if checkpoint == "begin":
        begun = scene.begin(run, lease)
        assert (begun.permitted, begun.step.attempt, begun.step.status) == (True, 1, "running")


def test_a_step_that_is_being_run_is_not_interrupted_by_a_pause(scene: Scene) -> None:
    run, lease = scene.started()
    scene.begin(run, lease, "a")
    scene.move(run, "paused")
    again = scene.begin(run, lease, "a")
    assert (again.permitted, again.pausing) == (True, False)
    told = scene.begin(run, lease, "b", elapsed=2.0)
    assert (told.permitted, told.pausing) == (True, False)
    assert told.step.started_at == scene.clock.text(-2)
    assert scene.finish(run, lease, "b").pausing
    assert scene.step(run, "b").status == "completed"


def test_a_pause_that_is_taken_back(scene: Scene) -> None:
    run, lease = scene.started()
    scene.move(run, "paused")
    assert scene.move(run, "pending").run.pausing is False
    assert scene.finish(run, lease).pausing is False
    assert scene.complete(run, lease).run.status == "completed"


def test_a_holder_pauses_at_once(scene: Scene) -> None:
    run, lease = scene.started()
    scene.move(run, "paused")
    moved = scene.move(run, "paused", lease=lease)
    assert (moved.run.status, moved.run.held, moved.aftermath.lost) == ("paused", True, ())


def test_pausing_what_waits_keeps_it_from_waking(scene: Scene) -> None:
    run, lease = scene.started()
    scene.wait(run, lease, "nap", "sleep", due_at=scene.clock.text(1))
    scene.suspend(run, lease)
    held = scene.again(scene.moving(run, "paused"), MovedRun)
    assert (held.run.status, held.run.held) == ("paused", True)
    scene.later(1)
    assert scene.step(run, "nap").status == "completed"
    assert (scene.status(run), scene.claim()) == ("paused", [])
    scene.move(run, "pending")
    assert len(scene.claim()) == 1


@pytest.mark.parametrize("state", ["suspended", "delayed", "crashed"])
def test_no_time_that_is_over_takes_up_what_is_held(scene: Scene, state: str) -> None:
    if state == "delayed":
        run = scene.create(due_at=scene.clock.text(5))
    else:
        run, lease = scene.started()
        if state == "suspended":
            scene.suspend(run, lease, due_in=5)
        else:
            for _ in range(4):
                scene.crash(run, lease)
                ((_, lease),) = scene.claim() or [("", "")]
    scene.move(run, "paused")
    assert scene.later(5).count == 1
    assert (scene.status(run), scene.run(run).held, scene.claim()) == ("paused", True, [])
    scene.move(run, "pending")
    assert len(scene.claim()) == 1


@pytest.mark.parametrize("status", ["pending", "running", "paused", "crashed"])
def test_cancelling(scene: Scene, status: RunStatus) -> None:
    run, lease = in_state(scene, status)
    done = scene.again(scene.moving(run, "cancelled"), MovedRun)
    assert done.run.status == "cancelled"
    assert done.aftermath.ended == (run,)
    assert [(lost.run_id, lost.lease) for lost in done.aftermath.lost] == (
        [(run, lease)] if lease else []
    )
    assert scene.told()[-1] == "run.cancelled"
    assert scene.claim() == []


def test_cancelling_takes_along_those_that_work_for_it(scene: Scene) -> None:
    run, _ = scene.started()
    child, child_lease = scene.started(parent=run, parent_step="a")
    grandchild = scene.create(parent=child, parent_step="a")
    done_child, done_lease = scene.started(parent=run, parent_step="b")
    scene.complete(done_child, done_lease)
    scene.begin(child, child_lease, "s")
    done = scene.move(run, "cancelled")
    assert done.aftermath.ended == (run, child, grandchild)
    assert len(done.aftermath.lost) == 2
    assert [scene.status(r) for r in (child, grandchild, done_child)] == [
        "cancelled",
        "cancelled",
        "completed",
    ]
    assert scene.step(child, "s").status == "failed"


def test_a_context_in_place_of_the_whole(scene: Scene) -> None:
    run, lease = scene.started(context='{"a":1}')
    scene.finish(run, lease, context=(("b", "2"),), context_limit=100)
    moved = scene.move(run, "completed", lease=lease, context='{"c":3}')
    assert value(moved.run.context) == {"c": 3}
    assert scene.column(run, "context_bytes") == len('{"c":3}')


def test_a_context_that_is_too_large_or_not_one_s_own(scene: Scene) -> None:
    run, lease = scene.started()
    big = f'{{"a":"{"x" * 1000}"}}'
    assert scene.refused(scene.moving(run, "completed", lease=lease, context=big)).code == (
        "too_large"
    )
    assert scene.refused(scene.moving(run, "cancelled", context="{}")).code == "lease_lost"


def test_an_empty_error_is_kept_and_its_repeat_known(scene: Scene) -> None:
    run, lease = scene.started()
    failing = scene.moving(run, "failed", error="", lease=lease)
    assert scene.do(failing, MovedRun).run.error == ""
    assert not scene.do(failing, MovedRun).changed
