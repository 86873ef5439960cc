"""Runs that are made by runs."""

from tests.daemon.plain import Json, Plain
from tests.daemon.workflows.worker import (
    begun,
    claim_one,
    complete,
    create,
    ended,
    event,
    finish,
    move,
    save,
    suspend,
    told,
    wait_for,
    why,
)


def test_a_parent_waits_for_its_child(flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    child_flow = save(worker)
    claimed = begun(worker, workflow)
    child = create(worker, child_flow, parent=claimed["run"]["id"], parent_step="c", key="child")[
        "run"
    ]
    wait_for(worker, claimed, "c", "child", child=child["id"])
    run = suspend(worker, claimed)
    assert child["id"] in why(worker, run)
    finish(worker, claim_one(worker, child_flow), result={"n": 7})
    assert told(claim_one(worker, workflow), "c")["output"] == {"n": 7}


def test_the_failure_of_a_child_is_that_of_the_step(flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    child_flow = save(worker)
    claimed = begun(worker, workflow)
    child = begun(worker, child_flow, parent=claimed["run"]["id"], parent_step="c")
    wait_for(worker, claimed, "c", "child", child=child["run"]["id"])
    suspend(worker, claimed)
    move(worker, child["run"]["id"], "failed", lease=child["lease"], error="broken")
    failed = told(claim_one(worker, workflow), "c")
    assert (failed["status"], failed["error"], failed["final"]) == ("failed", "broken", True)


def test_children_are_cancelled_with_their_parent(flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    claimed = begun(worker, workflow)
    child = begun(worker, workflow, parent=claimed["run"]["id"], parent_step="c")
    complete(worker, child, "a")
    move(worker, claimed["run"]["id"], "cancelled")
    assert ended(worker, child["run"])["status"] == "cancelled"
    event(worker, child["run"], "run.cancelled")
