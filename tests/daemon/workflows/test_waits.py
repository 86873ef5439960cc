"""Steps that wait for a message in a mailbox: one that is there, that comes, or never does."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain, new_id
from tests.daemon.workflows.worker import (
    begun,
    claim_one,
    save,
    suspend,
    told,
    took,
    wait_for,
    waiting_run,
    why,
)


def test_a_message_that_comes_takes_the_run_up(bots: Bots, flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    run = waiting_run(worker, workflow, type="go")
    assert "a message of type 'go'" in why(worker, run)
    sender = bots("sender")
    sender.send(str(worker.bot), "no", type="stay")
    receipt = sender.send(str(worker.bot), {"x": 1}, type="go", headers={"h": "1"})
    claimed = claim_one(worker, workflow)
    output = told(claimed, "m")["output"]
    assert (output["id"], output["seq"]) == (receipt["id"], receipt["seq"])
    assert (output["sender"], output["type"]) == (sender.bot, "go")
    assert (output["body"], output["headers"]) == ({"x": 1}, {"h": "1"})
    assert "waits" not in claimed["run"]


def test_a_message_that_was_taken_is_not_in_the_mailbox(
    bots: Bots, flow: tuple[Plain, Json]
) -> None:
    worker, workflow = flow
    parked = worker.parked({"op": "fetch", "wait": 20.0})
    waiting_run(worker, workflow, type="go")
    bots("sender").send(str(worker.bot), 1, type="go")
    assert took(worker, workflow) == 1
    bots("sender").send(str(worker.bot), 2, type="other")
    (delivery,) = parked.reply()["ok"]["deliveries"]
    assert delivery["message"]["body"] == 2
    life = worker.ok("show_message", id=delivery["message"]["id"])
    assert life["deliveries"][0]["state"] == "leased"


def test_a_message_that_is_there_already_is_taken(bots: Bots, flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    sender = bots("sender")
    ids = [sender.send(str(worker.bot), n, type="go")["id"] for n in range(3)]
    claimed = begun(worker, workflow)
    wait_for(worker, claimed, "m", "message", type="go")
    (notice,) = worker.ok("claim_runs", workflows=[], max=0, wait=15.0)["notices"]
    assert (notice["kind"], notice["step"]["output"]["body"]) == ("step", 0)
    assert worker.ok("show_message", id=ids[0])["deliveries"][0]["state"] == "acked"
    assert [d["message"]["body"] for d in worker.fetch()] == [1, 2]


def test_what_somebody_holds_or_has_settled_is_not_taken(
    bots: Bots, flow: tuple[Plain, Json]
) -> None:
    worker, workflow = flow
    sender = bots("sender")
    for n in range(4):
        sender.send(str(worker.bot), n, type="go")
    settled, held = worker.fetch(max=2)
    worker.settle("ack", settled)
    claimed = begun(worker, workflow)
    wait_for(worker, claimed, "m", "message", type="go")
    (notice,) = worker.ok("claim_runs", workflows=[], max=0, wait=15.0)["notices"]
    assert notice["step"]["output"]["body"] == 2
    assert worker.settle("ack", held) == {"kind": "done"}
    assert [d["message"]["body"] for d in worker.fetch()] == [3]


def test_a_message_goes_to_one_wait_and_the_oldest(bots: Bots, flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    runs = [waiting_run(worker, workflow, type="go") for _ in range(3)]
    sender = bots("sender")
    for n in range(4):
        sender.send(str(worker.bot), n, type="go")
    got = [claim_one(worker, workflow) for _ in runs]
    assert {c["run"]["id"]: told(c, "m")["output"]["body"] for c in got} == {
        run["id"]: n for n, run in enumerate(runs)
    }
    assert [d["message"]["body"] for d in worker.fetch()] == [3]


def test_many_waits_and_many_messages_at_once(bots: Bots, flow: tuple[Plain, Json]) -> None:
    """Whatever overlaps: each message is taken once, or lies in the mailbox."""
    worker, workflow = flow
    senders = [bots("sender") for _ in range(4)]

    def send(number: int) -> None:
        for n in range(15):
            senders[number].send(str(worker.bot), number * 100 + n, type="go")

    with ThreadPoolExecutor(4) as pool:
        sending = [pool.submit(send, number) for number in range(4)]
        for _ in range(50):
            waiting_or_there(worker, workflow)
        for done in sending:
            done.result()
    taken = [took(worker, workflow) for _ in range(50)]
    left = [d["message"]["body"] for d in worker.fetch(max=100, wait=5.0)]
    assert sorted(taken + left) == sorted(n * 100 + m for n in range(4) for m in range(15))


def waiting_or_there(worker: Plain, workflow: Json) -> None:
    """A run that waits for a message, which may be there the moment after."""
    claimed = begun(worker, workflow)
    wait_for(worker, claimed, "m", "message", type="go")
    assert suspend(worker, claimed)["status"] in {"paused", "pending"}


@pytest.mark.parametrize(
    ("where", "bodies"),
    [
        ({"n": 1}, [{"n": True}, {"n": 2}, {"m": 1}, [1], None, {"n": 1, "more": []}]),
        ({"ok": True}, [{"ok": 1}, {"ok": "true"}, {"ok": True}]),
        ({"who": None}, [{}, {"who": "x"}, {"who": None}]),
        ({"a": "x", "b": 2.5}, [{"a": "x"}, {"a": "x", "b": 2}, {"a": "x", "b": 2.5}]),
    ],
)
def test_fields_of_the_body_choose(
    bots: Bots, flow: tuple[Plain, Json], where: Json, bodies: list[Any]
) -> None:
    worker, workflow = flow
    waiting_run(worker, workflow, where=where)
    sender = bots("sender")
    for body in bodies:
        sender.send(str(worker.bot), body)
    assert took(worker, workflow) == bodies[-1]


def test_a_sender_may_be_named_by_id(bots: Bots, flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    right, wrong = bots("right"), bots("wrong")
    right.ok("fetch")
    known = {b["name"]: b["id"] for b in worker.ok("list_bots", connected=True)["bots"]}
    waiting_run(worker, workflow, sender=known[str(right.bot)])
    wrong.send(str(worker.bot), "wrong")
    right.send(str(worker.bot), "right")
    assert took(worker, workflow) == "right"


def test_an_answer_to_a_question_is_waited_for(bots: Bots, flow: tuple[Plain, Json]) -> None:
    """The question and the wait for its answer are one commit."""
    worker, workflow = flow
    other, question = bots("other"), new_id()
    claimed = begun(worker, workflow)
    replies = worker.ask(
        {"op": "send", "id": question, "to": other.bot, "body": "?"},
        {
            "op": "begin_step",
            "run": claimed["run"]["id"],
            "step": "q",
            "lease": claimed["lease"],
            "wait": {"kind": "message", "reply_to": question},
        },
        atomic=True,
    )
    assert all("ok" in reply for reply in replies)
    suspend(worker, claimed)
    (delivery,) = other.fetch()
    other.send(str(worker.bot), "unasked")
    other.send(str(worker.bot), "!", reply_to=delivery["message"]["id"])
    assert took(worker, workflow, "q") == "!"


def test_a_message_that_is_not_due_is_waited_for(bots: Bots, flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    sender = bots("sender")
    sender.send(str(worker.bot), "before", type="go", delay=0.5)
    waiting_run(worker, workflow, type="go")
    began = time.monotonic()
    assert took(worker, workflow) == "before"
    assert time.monotonic() - began > 0.2
    waiting_run(worker, workflow, type="go")
    sender.send(str(worker.bot), "after", type="go", delay=0.3)
    assert took(worker, workflow) == "after"


def test_a_recalled_or_expired_message_is_not_taken(bots: Bots, flow: tuple[Plain, Json]) -> None:
    worker, workflow = flow
    sender = bots("sender")
    recalled = sender.send(str(worker.bot), "recalled", type="go")
    sender.ok("recall", id=recalled["id"])
    sender.send(str(worker.bot), "expired", type="go", ttl=0.05)
    time.sleep(0.1)  # longer than it lives
    waiting_run(worker, workflow, type="go")
    sender.send(str(worker.bot), "good", type="go")
    assert took(worker, workflow) == "good"


def test_waits_for_messages_survive_the_death_of_the_daemon(own: Bots) -> None:
    worker = own("worker")
    workflow = save(worker)
    waiting_run(worker, workflow, type="go")
    own.daemon.kill()
    own.daemon.start()
    fresh = own.named(worker.bot)
    own("sender").send(str(worker.bot), "after", type="go")
    assert took(fresh, workflow) == "after"


def test_a_message_whose_taking_was_cut_off_is_found_at_the_start(own: Bots) -> None:
    """It was committed, and the daemon died before it was taken to the step."""
    worker, sender = own("worker"), own("sender")
    workflow = save(worker)
    for n in range(20):
        waiting_run(worker, workflow, where={"n": n})
    frame = sender.frame(*({**sender.letter(str(worker.bot)), "body": {"n": n}} for n in range(20)))
    parked = sender.park(frame)
    parked.answer()
    own.daemon.kill()
    own.daemon.start()
    fresh = own.named(worker.bot)
    got = sorted(took(fresh, workflow)["n"] for _ in range(20))
    assert got == list(range(20))
    assert fresh.fetch(wait=0.2) == []
