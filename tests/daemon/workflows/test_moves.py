"""Moving runs by name: pause, resume, cancel and retry in every state, and what is refused."""

from typing import Any

import pytest

from botbus_protocol.states import RUN_MOVES, RUN_STATUSES
from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain
from tests.daemon.workflows.worker import (
    begin,
    begun,
    claim,
    claim_one,
    complete,
    ended,
    event,
    finish,
    look,
    move,
    of_step,
    start,
    steps,
    suspend,
    wait_for,
    why,
)

Flow = tuple[Plain, Json]


def in_state(bots: Bots, flow: Flow, status: str) -> Json:
    """A run that is in a state, and that this worker holds if it is running."""
    worker, workflow = flow
    if status == "pending":
        return look(worker, start(worker, workflow))
    if status == "crashed":
        dying = bots("dying")
        crashed = begun(dying, workflow)
        dying.close()
        event(worker, crashed["run"], "run.crashed")
        return look(worker, crashed)
    claimed = begun(worker, workflow)
    if status == "paused":
        wait_for(worker, claimed, "nap", "sleep", seconds=300)
        return suspend(worker, claimed)
    if status != "running":
        move(worker, claimed["run"]["id"], status, lease=claimed["lease"])
    return look(worker, claimed)


@pytest.mark.parametrize("old", RUN_STATUSES)
@pytest.mark.parametrize("new", RUN_STATUSES)
def test_only_moves_of_the_table_are_made(bots: Bots, flow: Flow, old: str, new: str) -> None:
    """Seen from somebody who holds nothing: a move is made, or refused and changes nothing."""
    run = in_state(bots, flow, old)
    stranger = bots("stranger")
    (reply,) = stranger.ask({"op": "update_run_status", "id": run["id"], "status": new})
    after = look(stranger, run)
    if "ok" in reply:
        assert after["status"] in {new, old}
        if after["status"] != old:
            assert new in RUN_MOVES[old]  # type: ignore[index]
        return
    assert reply["error"]["code"] in {"illegal_state", "lease_lost"}
    assert reply["error"]["details"]["from"] == old
    assert reply["error"]["details"]["to"] == new
    assert after == run


def test_a_run_that_nobody_holds_is_paused_at_once(flow: Flow) -> None:
    worker, workflow = flow
    run = start(worker, workflow)
    paused = move(worker, run["id"], "paused")
    assert (paused["status"], paused["held"]) == ("paused", True)
    assert "It was paused" in why(worker, run)
    assert claim(worker, workflow, wait=0) == []
    move(worker, run["id"], "paused")  # a repeat
    assert move(worker, run["id"], "pending")["status"] == "pending"
    assert claim_one(worker, workflow)["run"]["id"] == run["id"]


def test_a_running_run_pauses_at_its_next_checkpoint(bots: Bots, flow: Flow) -> None:
    worker, workflow = flow
    claimed = begun(worker, workflow)
    person = bots("person")
    assert move(person, claimed["run"]["id"], "paused")["pausing"]
    assert "will pause at its next checkpoint" in why(person, claimed["run"])
    assert complete(worker, claimed, "a", output=1)["pausing"]
    run = look(worker, claimed)
    assert (run["status"], run["held"], "pausing" in run) == ("paused", True, False)
    assert worker.error("complete_step", **of_step(claimed, "b"))["code"] == "lease_lost"
    move(person, run["id"], "pending")
    again = claim_one(worker, workflow)
    assert [s["output"] for s in again["steps"]] == [1]


def test_a_step_is_not_begun_in_a_run_that_pauses(bots: Bots, flow: Flow) -> None:
    worker, workflow = flow
    claimed = begun(worker, workflow)
    move(bots("person"), claimed["run"]["id"], "paused")
    told = begin(worker, claimed, "a")
    assert (told["pausing"], "permitted" in told) == (True, False)


def test_a_pause_that_is_taken_back_never_was(bots: Bots, flow: Flow) -> None:
    worker, workflow = flow
    claimed, person = begun(worker, workflow), bots("person")
    move(person, claimed["run"]["id"], "paused")
    move(person, claimed["run"]["id"], "pending")
    assert complete(worker, claimed, "a") == {"kind": "checkpoint"}
    assert finish(worker, claimed)["status"] == "completed"


def test_a_run_that_crashes_while_it_is_to_pause_is_paused(bots: Bots, flow: Flow) -> None:
    worker, workflow = flow
    dying = bots("dying")
    claimed = begun(dying, workflow)
    move(worker, claimed["run"]["id"], "paused")
    dying.close()
    event(worker, claimed["run"], "run.paused")
    run = look(worker, claimed)
    assert (run["status"], run["held"]) == ("paused", True)
    assert claim(worker, workflow, wait=0) == []


def test_a_paused_run_is_not_woken_by_what_it_waited_for(bots: Bots, flow: Flow) -> None:
    worker, workflow = flow
    claimed = begun(worker, workflow)
    wait_for(worker, claimed, "m", "message", type="go")
    suspend(worker, claimed)
    move(worker, claimed["run"]["id"], "paused")
    bots("sender").send(str(worker.bot), 1, type="go")
    assert claim(worker, workflow, wait=0.3) == []
    move(worker, claimed["run"]["id"], "pending")
    again = claim_one(worker, workflow)
    assert again["steps"][-1]["output"]["body"] == 1


@pytest.mark.parametrize("status", ["pending", "running", "paused", "crashed"])
def test_an_unfinished_run_can_be_cancelled(bots: Bots, flow: Flow, status: str) -> None:
    worker, _ = flow
    run = in_state(bots, flow, status)
    person = bots("person")
    assert move(person, run["id"], "cancelled", error="not wanted")["status"] == "cancelled"
    after = ended(worker, run)
    assert (after["error"], "waits" in after) == ("not wanted", False)
    move(person, run["id"], "cancelled")  # a repeat
    assert "was cancelled" in why(person, run)


def test_only_the_holder_ends_a_run(bots: Bots, flow: Flow) -> None:
    worker, workflow = flow
    claimed = begun(worker, workflow)
    for status in ("completed", "failed", "crashed"):
        error = bots("stranger").error("update_run_status", id=claimed["run"]["id"], status=status)
        assert error["code"] == "lease_lost"
    done = move(worker, claimed["run"]["id"], "completed", result=1)  # by its connection
    assert (done["status"], done["result"]) == ("completed", 1)
    move(worker, claimed["run"]["id"], "completed", result=1)  # a repeat
    error = worker.error("update_run_status", id=done["id"], status="completed", result=2)
    assert (error["code"], error["details"]) == (
        "illegal_state",
        {"from": "completed", "to": "completed"},
    )


def test_a_run_is_claimed_by_its_status(bots: Bots, flow: Flow) -> None:
    worker, workflow = flow
    run = start(worker, workflow)
    reply = worker.ok("update_run_status", id=run["id"], status="running")
    assert reply["run"]["status"] == "running"
    complete(worker, {"run": run, "lease": reply["lease"]}, "a")
    error = bots("stranger").error("update_run_status", id=run["id"], status="running")
    assert error["code"] == "illegal_state"
    worker.close()
    assert claim_one(bots("worker"), workflow)["run"]["id"] == run["id"]


def test_a_worker_may_give_a_run_back(flow: Flow) -> None:
    worker, workflow = flow
    claimed = begun(worker, workflow)
    run = move(worker, claimed["run"]["id"], "pending", lease=claimed["lease"])
    assert run["status"] == "pending"
    assert claim_one(worker, workflow)["run"]["attempt"] == 2


def test_the_context_may_be_replaced_by_who_holds_the_run(bots: Bots, flow: Flow) -> None:
    worker, workflow = flow
    claimed = begun(worker, workflow, context={"a": 1})
    complete(worker, claimed, "s", context={"b": 2})
    run_id = claimed["run"]["id"]
    refused = bots("stranger").error(
        "update_run_status", id=run_id, status="paused", context={"c": 3}
    )
    assert refused["code"] == "lease_lost"
    assert look(worker, claimed)["context"] == {"a": 1, "b": 2}
    error = worker.error("update_run_status", id=run_id, status="completed", context=[1])
    assert error["code"] == "invalid"
    move(worker, run_id, "completed", context={"c": 3})
    assert look(worker, claimed)["context"] == {"c": 3}


# Retrying


def failed(flow: Flow, **fields: Any) -> Json:
    """A run whose steps a and b are done and whose step c has failed for good."""
    worker, workflow = flow
    claimed = begun(worker, workflow, **fields)
    for name in ("a", "b"):
        complete(worker, claimed, name, output=name)
    worker.ok("fail_step", **of_step(claimed, "c", error="broken", final=True))
    run_id = claimed["run"]["id"]
    return move(worker, run_id, "failed", lease=claimed["lease"], error="broken")


def test_a_retry_begins_with_what_failed(flow: Flow) -> None:
    worker, workflow = flow
    run = failed(flow)
    assert "retry" in why(worker, run)
    retried = worker.ok("retry_run", id=run["id"])["run"]
    assert (retried["status"], "error" in retried, "completed_at" in retried) == (
        "pending",
        False,
        False,
    )
    again = claim_one(worker, workflow)
    assert [s["step_id"] for s in again["steps"]] == ["a", "b"]
    complete(worker, again, "c", output="c")
    finish(worker, again)
    rows = [(r["step_id"], r["status"], r.get("superseded", False)) for r in steps(worker, run)]
    assert rows == [
        ("a", "completed", False),
        ("b", "completed", False),
        ("c", "failed", True),
        ("c", "completed", False),
    ]


def test_a_retry_may_go_back_to_a_step(flow: Flow) -> None:
    worker, workflow = flow
    run = failed(flow)
    worker.ok("retry_run", id=run["id"], from_step="b")
    again = claim_one(worker, workflow)
    assert [s["step_id"] for s in again["steps"]] == ["a"]
    assert len(steps(worker, run)) == 3
    assert [s["step_id"] for s in steps(worker, run, all=False)] == ["a"]


def test_a_retry_that_is_repeated_happens_once(flow: Flow) -> None:
    worker, workflow = flow
    run = failed(flow)
    request = {"id": run["id"], "attempt": run["attempt"]}
    worker.ok("retry_run", **request)
    again = claim_one(worker, workflow)
    worker.ok("retry_run", **request)
    assert look(worker, again)["status"] == "running"


def test_only_an_ended_run_is_retried_from_a_step_it_has(flow: Flow) -> None:
    worker, workflow = flow
    run = start(worker, workflow)
    error = worker.error("retry_run", id=run["id"])
    assert (error["code"], error["details"]["from"]) == ("illegal_state", "pending")
    done = failed(flow)
    assert worker.error("retry_run", id=done["id"], from_step="z")["code"] == "not_found"
    assert look(worker, done)["status"] == "failed"
