"""Steps that somebody decides on, by a request or by a reply."""

from typing import Any

import pytest

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain
from tests.daemon.workflows.worker import (
    begin,
    begun,
    claim_one,
    complete,
    look,
    save,
    step,
    suspend,
    told,
    wait_for,
    why,
)


def asked(worker: Plain, workflow: Json, **wait: Any) -> tuple[Json, Json]:
    """A run that waits for approval, and the step that does."""
    claimed = begun(worker, workflow)
    complete(worker, claimed, "before", output="done")
    fields = {"input": {"tag": "1.0"}}
    wait_for(worker, claimed, "ok", "approval", step_fields=fields, **wait)
    suspend(worker, claimed)
    return claimed["run"], step(worker, claimed["run"], "ok")


def decide(run: Json, waits: Json, approved: bool, **fields: Any) -> Json:
    """A verdict as a request."""
    return {
        "run": run["id"],
        "step": waits["step_id"],
        "approved": approved,
        "input_hash": waits["input_hash"],
        **fields,
    }


def test_a_verdict_takes_the_run_up_and_runs_nothing_again(
    bots: Bots, flow: tuple[Plain, Json]
) -> None:
    worker, workflow = flow
    run, waits = asked(worker, workflow)
    assert (waits["status"], waits["input"]) == ("waiting_approval", {"tag": "1.0"})
    assert "the approval of step 'ok'" in why(worker, run)
    person = bots("person")
    decided = person.ok("decide_step", **decide(run, waits, True, comment="fine"))["step"]
    verdict = {"approved": True, "by": person.bot, "comment": "fine", "expired": False}
    assert decided["output"] == verdict
    again = claim_one(worker, workflow)
    assert told(again, "ok")["output"] == verdict
    assert "permitted" not in begin(worker, again, "before")
    assert [s["step_id"] for s in again["steps"]] == ["before", "ok"]


def test_a_verdict_is_said_once(bots: Bots, flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    run, waits = asked(worker, workflow)
    person = bots("person")
    person.ok("decide_step", **decide(run, waits, False, by="alice"))
    repeat = person.ok("decide_step", **decide(run, waits, False, by="alice"))
    assert repeat["step"]["output"]["approved"] is False
    error = person.error("decide_step", **decide(run, waits, True))
    assert error["code"] == "conflict"


def test_a_verdict_is_bound_to_what_was_shown(bots: Bots, flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    run, waits = asked(worker, workflow)
    error = bots().error("decide_step", **{**decide(run, waits, True), "input_hash": "0" * 64})
    assert (error["code"], error["details"]["input_hash"]) == ("conflict", waits["input_hash"])
    assert step(worker, run, "ok")["status"] == "waiting_approval"
    wrong = {**decide(run, waits, True), "step": "before"}
    assert bots().error("decide_step", **wrong)["code"] == "illegal_state"


def test_an_approval_expires(flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    asked(worker, workflow, seconds=0.3)
    verdict = told(claim_one(worker, workflow), "ok")["output"]
    assert (verdict["approved"], verdict["expired"]) == (False, True)


@pytest.mark.parametrize("body", [True, {"approved": True, "comment": "by letter"}])
def test_a_reply_approves(bots: Bots, flow: tuple[Plain, Json], body: Any) -> None:
    worker, workflow = flow
    person = bots("person")
    person.ok("fetch")
    question = worker.send(str(person.bot), {"step": "ok"}, type="approval.request")["id"]
    run, _ = asked(worker, workflow, reply_to=question)
    (delivery,) = person.fetch()
    person.send(str(worker.bot), "let me think", reply_to=delivery["message"]["id"])
    assert look(worker, run)["status"] == "paused"
    person.send(str(worker.bot), body, reply_to=delivery["message"]["id"])
    verdict = told(claim_one(worker, workflow), "ok")["output"]
    assert (verdict["approved"], verdict["by"]) == (True, person.bot)
    assert verdict["comment"] == ("by letter" if isinstance(body, dict) else "")
    assert [d["message"]["body"] for d in worker.fetch()] == ["let me think"]


def test_approvals_survive_the_death_of_the_daemon(own: Bots) -> None:
    worker = own("worker")
    workflow = save(worker)
    run, waits = asked(worker, workflow)
    own.daemon.kill()
    own.daemon.start()
    own("person").ok("decide_step", **decide(run, waits, True))
    assert told(claim_one(own("worker"), workflow), "ok")["output"]["approved"] is True
