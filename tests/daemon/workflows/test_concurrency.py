"""How many runs at a time: by concurrency key, in order, and by workflow."""

from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Json, Plain
from tests.daemon.workflows.worker import (
    begun,
    claim,
    claim_one,
    ended,
    finish,
    look,
    move,
    offer,
    save,
    start,
    suspend,
    wait_for,
    why,
)

Flow = tuple[Plain, Json]


def test_runs_of_a_key_go_one_after_the_other(flow: Flow) -> None:
    worker, workflow = flow
    key = unique("key")
    ids = [start(worker, workflow, concurrency_key=key)["id"] for _ in range(4)]
    queued = [look(worker, run_id).get("queued", False) for run_id in ids]
    assert queued == [False, True, True, True]
    assert ids[0] in why(worker, {"id": ids[2]})
    for run_id in ids:
        (claimed,) = claim(worker, workflow, max=10)
        assert claimed["run"]["id"] == run_id
        assert claim(worker, workflow, wait=0) == []
        finish(worker, claimed)


def test_a_key_is_for_all_workflows(bots: Bots, flow: Flow) -> None:
    worker, workflow = flow
    other, key = save(worker), unique("key")
    first = begun(worker, workflow, concurrency_key=key)
    second = start(worker, other, concurrency_key=key)
    waiting = bots("worker").parked({"op": "claim_runs", "workflows": [offer(other)], "wait": 20.0})
    finish(worker, first)
    (claimed,) = waiting.reply()["ok"]["runs"]
    assert claimed["run"]["id"] == second["id"]


def test_a_limit_lets_several_go_and_priority_goes_first(flow: Flow) -> None:
    worker, workflow = flow
    key = unique("key")
    fields = {"concurrency_key": key, "concurrency_limit": 2}
    first, second = (begun(worker, workflow, **fields) for _ in range(2))
    low = start(worker, workflow, **fields)
    high = start(worker, workflow, priority=5, **fields)
    assert claim(worker, workflow, wait=0) == []
    finish(worker, first)
    assert claim_one(worker, workflow)["run"]["id"] == high["id"]
    move(worker, second["run"]["id"], "cancelled")
    assert claim_one(worker, workflow)["run"]["id"] == low["id"]


def test_a_run_that_waits_keeps_its_slot(flow: Flow) -> None:
    worker, workflow = flow
    key = unique("key")
    claimed = begun(worker, workflow, concurrency_key=key)
    wait_for(worker, claimed, "nap", "sleep", seconds=300)
    suspend(worker, claimed)
    start(worker, workflow, concurrency_key=key)
    assert claim(worker, workflow, wait=0) == []


def test_a_queued_run_that_is_cancelled_is_left_out(flow: Flow) -> None:
    worker, workflow = flow
    key = unique("key")
    first = begun(worker, workflow, concurrency_key=key)
    second, third = (start(worker, workflow, concurrency_key=key) for _ in range(2))
    move(worker, second["id"], "cancelled")
    finish(worker, first)
    assert claim_one(worker, workflow)["run"]["id"] == third["id"]
    assert ended(worker, second)["status"] == "cancelled"


def test_a_workflow_says_how_many_of_its_runs_run(bots: Bots) -> None:
    worker = bots("worker")
    workflow = save(worker, concurrency=2)
    runs = [start(worker, workflow) for _ in range(4)]
    claimed = claim(worker, workflow, max=10)
    assert [c["run"]["id"] for c in claimed] == [r["id"] for r in runs[:2]]
    assert "it allows 2" in why(worker, runs[2])
    parked = bots("worker").parked(
        {"op": "claim_runs", "workflows": [offer(workflow)], "wait": 20.0, "max": 10}
    )
    wait_for(worker, claimed[0], "nap", "sleep", seconds=300)
    suspend(worker, claimed[0])  # who waits does not count
    (third,) = parked.reply()["ok"]["runs"]
    assert third["run"]["id"] == runs[2]["id"]
    finish(worker, claimed[1])
    assert claim_one(worker, workflow)["run"]["id"] == runs[3]["id"]


def test_a_crash_frees_the_place_of_a_run(bots: Bots) -> None:
    worker, dying = bots("worker"), bots("dying")
    workflow = save(worker, concurrency=1)
    lost = begun(dying, workflow)
    parked = worker.parked({"op": "claim_runs", "workflows": [offer(workflow)], "wait": 20.0})
    dying.close()
    (taken,) = parked.reply()["ok"]["runs"]
    assert taken["run"]["id"] == lost["run"]["id"]
