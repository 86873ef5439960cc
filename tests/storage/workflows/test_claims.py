"""Claiming: the best of what is ready, each run in one pair of hands at a time."""

import pytest

from botbus_storage.workflow_operations import ClaimedRuns, Moved, UnclaimRuns
from tests.storage.workflows.scene import Scene


def test_the_highest_priority_first_and_then_the_oldest(scene: Scene) -> None:
    low, old, new, high = (scene.create(priority=p) for p in (-1, 0, 0, 5))
    assert [run for run, _ in scene.claim(3)] == [high, old, new]
    assert [run for run, _ in scene.claim(3)] == [low]
    assert scene.claim(3) == []


def test_the_best_of_all_offers_first(scene: Scene) -> None:
    other = scene.define("other", version="3")
    second, third = scene.create(), scene.create(workflow="other")
    first = scene.create(workflow="other", priority=1)
    offers = ((scene.workflow, "1.0.0"), (other, "3"), (other, "3"))
    assert [run for run, _ in scene.claim(3, *offers)] == [first, second, third]


def test_a_version_that_is_not_offered_stays(scene: Scene) -> None:
    scene.create()
    assert scene.claim(1, (scene.workflow, "2.0.0")) == []
    assert len(scene.claim(1, (scene.workflow, "2.0.0"), (scene.workflow, "1.0.0"))) == 1


def test_each_run_is_claimed_once_with_a_lease_of_its_own(scene: Scene) -> None:
    runs = {scene.create() for _ in range(100)}
    results = scene.batch(*(scene.claiming(7) for _ in range(20)))
    claimed = [pair for r in results if isinstance(r, ClaimedRuns) for pair in r.runs]
    assert {run.id for run, _ in claimed} == runs
    assert len(claimed) == len({lease for _, lease in claimed}) == 100
    leases = scene.connection.execute("SELECT id, lease FROM workflow_runs").fetchall()
    assert dict(leases) == {run.id: lease for run, lease in claimed}


def test_a_claimed_run_is_told_whole(scene: Scene) -> None:
    scene.create(input="1")
    ((run, _),) = scene.do(scene.claiming(), ClaimedRuns).runs
    assert (run.status, run.attempt, run.holder, run.holder_pid) == ("running", 1, "worker", 7)
    assert run.started_at == scene.clock.text()


def test_claims_are_told(scene: Scene) -> None:
    scene.create()
    ((run, lease),) = scene.claim()
    scene.crash(run, lease)
    scene.claim()
    assert scene.told() == ["run.started", "run.crashed", "run.resumed"]
    assert [event["attempt"] for event in scene.events] == [1, 1, 2]


def test_a_paused_workflow_is_not_claimed_until_it_is_active(scene: Scene) -> None:
    scene.define("build", status="paused")
    run = scene.create()
    assert scene.claim() == []
    scene.define("build", status="active")
    assert [claimed for claimed, _ in scene.claim()] == [run]


def test_of_a_limited_workflow_only_so_many_are_running(scene: Scene) -> None:
    scene.define("build", concurrency=2)
    for _ in range(5):
        scene.create()
    (first, lease), second = scene.claim(9)
    assert scene.claim(9) == []
    assert scene.workflow in scene.complete(first, lease).aftermath.ready
    ((third, third_lease),) = scene.claim(9)
    scene.wait(third, third_lease, "w", "message", bot_id=scene.bot)
    waiting = scene.suspend(third, third_lease)
    assert waiting.run.status == "paused"
    assert waiting.aftermath.ready == (scene.workflow,)
    assert len(scene.claim(9)) == 1
    assert scene.crash(*second).aftermath.ready == (scene.workflow,)


def test_a_limited_workflow_counts_all_its_versions(scene: Scene) -> None:
    scene.define("build", concurrency=3)
    for _ in range(3):
        scene.create()
    scene.define("build", concurrency=3, version="2.0.0")
    for _ in range(3):
        scene.create()
    offers = ((scene.workflow, "1.0.0"), (scene.workflow, "2.0.0"))
    assert len(scene.claim(9, *offers)) == 3
    assert scene.claim(9, *offers) == []


def test_what_was_never_seen_is_given_back_uncounted(scene: Scene) -> None:
    run = scene.create()
    ((_, lease),) = scene.claim()
    back = scene.do(UnclaimRuns(((run, lease),)), Moved)
    assert (back.count, back.aftermath.ready) == (1, (scene.workflow,))
    assert (scene.run(run).status, scene.run(run).attempt) == ("pending", 0)
    before = scene.dump()
    assert scene.do(UnclaimRuns(((run, lease), ("nowhere", lease))), Moved).count == 0
    assert scene.dump() == before
    assert [claimed for claimed, _ in scene.claim()] == [run]


def test_what_is_given_back_while_somebody_pauses_it_is_paused(scene: Scene) -> None:
    run, lease = scene.started()
    scene.move(run, "paused")
    scene.do(UnclaimRuns(((run, lease),)), Moved)
    assert (scene.status(run), scene.run(run).held, scene.claim()) == ("paused", True, [])


def test_the_time_of_a_run_is_counted_from_its_first_claim(scene: Scene) -> None:
    scene.define("timed", timeout_secs=10)
    run = scene.create(workflow="timed")
    scene.clock.now += 100
    workflow = scene.run(run).workflow_id
    ((_, lease),) = scene.claim(1, (workflow, "1.0.0"))
    deadline = scene.clock.text(10)
    scene.clock.now += 3
    scene.crash(run, lease)
    ((_, lease),) = scene.claim(1, (workflow, "1.0.0"))
    assert scene.run(run).timeout_at == deadline
    ended = scene.later(7)
    assert [(lost.run_id, lost.lease, lost.status) for lost in ended.aftermath.lost] == [
        (run, lease, "failed")
    ]
    assert ended.aftermath.ended == (run,)
    assert (scene.status(run), scene.run(run).error) == ("failed", "timed out after 10 s")


@pytest.mark.parametrize("state", ["waiting", "held", "crashed"])
def test_the_time_of_a_run_is_over_whatever_it_does(scene: Scene, state: str) -> None:
    scene.define("timed", timeout_secs=10)
    run, lease = scene.started(workflow="timed")
    if state == "waiting":
        scene.wait(run, lease, "w", "message", bot_id=scene.bot)
        scene.suspend(run, lease)
    elif state == "held":
        scene.move(run, "paused", lease=lease)
    else:
        scene.crash(run, lease)
    assert scene.later(10).count == 1
    assert scene.status(run) == "failed"
    assert scene.run(run).waits == []
