"""A worker in plain msgpack and pynng, as it is written in any language: it claims, works and ends.

It has nothing but the pages docs/protocol/workflows.md and docs/workflows.md to go by.
"""

import hashlib
import json
from collections.abc import Iterator

import pynng
import pytest

from tests.daemons import DaemonProcess
from tests.protocol.by_hand import Json, dialled, done, hear, new_id, refused, say, told

DEFINITION = {"name": "release", "version": "1.2", "steps": [{"id": "tag"}], "ours": [1, None]}


@pytest.fixture
def worker(daemon: DaemonProcess) -> Iterator[pynng.Req0]:
    with dialled(daemon) as socket:
        yield socket


@pytest.fixture
def starter(daemon: DaemonProcess) -> Iterator[pynng.Req0]:
    with dialled(daemon) as socket:
        yield socket


@pytest.fixture
def workflow(starter: pynng.Req0) -> str:
    save = {"op": "save_definition", "definition": DEFINITION, "owner_type": "global"}
    saved = done(starter, "starter", save)
    assert (saved["kind"], saved["created"]) == ("definition", True)
    assert saved["definition"]["definition"] == DEFINITION
    assert "created" not in done(starter, "starter", save)
    found: str = saved["definition"]["id"]
    return found


def started(starter: pynng.Req0, **fields: object) -> str:
    create = {
        "op": "create_run",
        "id": new_id(),
        "workflow": "release",
        "input": {"v": 7},
        **fields,
    }
    made = done(starter, "starter", create)
    assert (made["run"]["id"], made["run"]["status"]) == (create["id"], "pending")
    assert made["created"] is True
    assert "created" not in done(starter, "starter", create)
    return str(create["id"])


def claim(workflow: str, wait: float = 15) -> Json:
    offers = [{"id": workflow, "version": "1.2"}]
    return {"op": "claim_runs", "workflows": offers, "max": 2, "wait": wait, "lease": 20}


def test_a_run_from_its_claim_to_its_end(
    starter: pynng.Req0, worker: pynng.Req0, workflow: str
) -> None:
    with worker.new_context() as waiting:
        say(waiting, "worker", claim(workflow))
        run = started(starter)
        (reply,) = hear(waiting)
    (claimed,) = reply["ok"]["runs"]
    assert (claimed["run"]["id"], claimed["run"]["input"]) == (run, {"v": 7})
    assert (claimed["run"]["status"], claimed["run"]["attempt"]) == ("running", 1)
    assert "steps" not in claimed
    held = {"run": run, "lease": claimed["lease"]}

    begun = done(worker, "worker", {"op": "begin_step", "step": "tag", **held})
    assert begun["permitted"] is True
    attempt = begun["step"].get("attempt", 1)
    assert begun["step"]["idempotency_key"] == f"{run}/tag"
    complete = {"op": "complete_step", "step": "tag", "attempt": attempt, **held}
    complete |= {"output": "v7", "context": {"tag": "v7", "tries": 1}}
    assert done(worker, "worker", complete) == {"kind": "checkpoint"}
    assert done(worker, "worker", complete) == {"kind": "checkpoint", "changed": False}

    again = done(worker, "worker", {"op": "begin_step", "step": "tag", **held})
    assert "permitted" not in again
    assert (again["step"]["status"], again["step"]["output"]) == ("completed", "v7")

    fail = {"op": "fail_step", "step": "publish", "error": "no network", **held}
    once = {"op": "complete_step", "step": "publish", "attempt": 2, "context": {"tries": None}}
    assert [r["ok"]["kind"] for r in told(worker, "worker", fail, {**once, **held})] == [
        "checkpoint",
        "checkpoint",
    ]
    extended = done(
        worker, "worker", {"op": "extend_runs", "leases": {run: held["lease"]}, "seconds": 9}
    )
    assert extended.keys() == {"kind", "lease_expires_at"}

    with starter.new_context() as asking:
        say(asking, None, {"op": "wait_run", "id": run, "wait": 15})
        end = {"op": "update_run_status", "id": run, "status": "completed", "lease": held["lease"]}
        ended = done(worker, "worker", {**end, "result": {"tag": "v7"}})["run"]
        (reply,) = hear(asking)
    assert reply["ok"]["run"] == ended
    assert (ended["status"], ended["result"]) == ("completed", {"tag": "v7"})
    assert ended["context"] == {"tag": "v7"}
    assert refused(worker, "worker", {**complete, "step": "late"})["code"] == "lease_lost"

    steps = done(starter, None, {"op": "list_step_logs", "run": run})["steps"]
    told_of = [(s["step_id"], s.get("attempt", 1), s["status"], s.get("error")) for s in steps]
    assert told_of == [
        ("tag", 1, "completed", None),
        ("publish", 1, "failed", "no network"),
        ("publish", 2, "completed", None),
    ]
    ids = done(starter, None, {"op": "get_completed_step_ids", "run": run})["step_ids"]
    assert sorted(ids) == ["publish", "tag"]


def test_a_run_goes_on_with_another_worker_when_the_first_one_is_gone(
    daemon: DaemonProcess, starter: pynng.Req0, worker: pynng.Req0, workflow: str
) -> None:
    run = started(starter)
    first = dialled(daemon)
    (claimed,) = done(first, "worker", claim(workflow))["runs"]
    held = {"run": run, "lease": claimed["lease"]}
    done(first, "worker", {"op": "complete_step", "step": "tag", "output": 1, **held})
    assert done(first, "worker", {"op": "begin_step", "step": "publish", **held})["permitted"]
    with worker.new_context() as waiting:
        say(waiting, "worker", claim(workflow))
        first.close()
        (reply,) = hear(waiting)
    (claimed,) = reply["ok"]["runs"]
    assert (claimed["run"]["id"], claimed["run"]["attempt"]) == (run, 2)
    steps = [(s["step_id"], s["status"], s.get("output")) for s in claimed["steps"]]
    assert steps[0] == ("tag", "completed", 1)
    zombie = {"op": "complete_step", "step": "publish", **held}
    assert refused(worker, "worker", zombie)["code"] == "lease_lost"
    begin = {"op": "begin_step", "step": "publish", "run": run, "lease": claimed["lease"]}
    begun = done(worker, "worker", begin)
    assert (begun["permitted"], begun["step"]["attempt"]) == (True, 2)


def test_a_run_waits_for_a_verdict_and_costs_nothing_meanwhile(
    starter: pynng.Req0, worker: pynng.Req0, workflow: str
) -> None:
    run = started(starter)
    (claimed,) = done(worker, "worker", claim(workflow))["runs"]
    held = {"lease": claimed["lease"]}
    asked = {"prompt": "Publish v7?"}
    wait = {"kind": "approval", "seconds": 3600}
    begin = {
        "op": "begin_step",
        "run": run,
        "step": "publish",
        "input": asked,
        "wait": wait,
        **held,
    }
    begun, let_go = told(worker, "worker", begin, {"op": "suspend_run", "id": run, **held})
    assert begun["ok"]["step"]["status"] == "waiting_approval"
    assert "permitted" not in begun["ok"]
    assert let_go["ok"]["run"]["status"] == "paused"
    assert [w["kind"] for w in let_go["ok"]["run"]["waits"]] == ["approval"]

    text = json.dumps(asked, separators=(",", ":"))
    assert begun["ok"]["step"]["input_hash"] == hashlib.sha256(text.encode()).hexdigest()
    decide = {"op": "decide_step", "run": run, "step": "publish", "approved": True, "by": "ann"}
    other = hashlib.sha256(b"other").hexdigest()
    assert refused(starter, "starter", {**decide, "input_hash": other})["code"] == "conflict"
    decide["input_hash"] = begun["ok"]["step"]["input_hash"]
    decided = done(starter, "starter", decide)["step"]
    assert (decided["status"], decided["output"]["by"]) == ("completed", "ann")
    assert refused(starter, "starter", {**decide, "approved": False})["code"] == "conflict"

    (claimed,) = done(worker, "worker", claim(workflow))["runs"]
    (step,) = claimed["steps"]
    assert step["output"] == {"approved": True, "by": "ann", "comment": "", "expired": False}


def test_the_message_the_step_and_its_result_are_one_commit(
    starter: pynng.Req0, worker: pynng.Req0, workflow: str
) -> None:
    done(starter, "starter", {"op": "create_channel", "name": "builds"})
    done(starter, "starter", {"op": "send", "id": new_id(), "to": "worker", "body": "build"})
    run = started(starter)
    (claimed,) = done(worker, "worker", claim(workflow))["runs"]
    (delivery,) = done(worker, "worker", {"op": "fetch", "wait": 5})["deliveries"]
    ack = {"op": "ack", "seq": delivery["message"]["seq"], "lease": delivery["lease"]}
    complete = {"op": "complete_step", "run": run, "step": "build", "lease": claimed["lease"]}
    publish = {"op": "publish", "id": new_id(), "channel": "builds", "body": "green"}
    lost = {**complete, "lease": "1.999"}
    replies = told(worker, "worker", ack, lost, publish, atomic=True)
    assert [reply["error"]["code"] for reply in replies] == ["lease_lost"] * 3
    replies = told(worker, "worker", ack, complete, publish, atomic=True)
    assert [reply["ok"]["kind"] for reply in replies] == ["done", "checkpoint", "receipt"]
