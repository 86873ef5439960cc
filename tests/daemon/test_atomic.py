"""Atomic frames: all of it or nothing, and the error names the request that failed."""

import pytest

from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Json, Plain, error_of, new_id


@pytest.fixture
def worker(bots: Bots) -> Plain:
    """A bot with one delivery waiting for it."""
    bot = bots("worker")
    bots("sender").send(str(bot.bot), "work")
    return bot


def nowhere(**fields: object) -> Json:
    """A request that always fails: there is no such channel."""
    return {"op": "publish", "id": new_id(), "channel": "no-such", "body": 1, **fields}


def test_everything_takes_effect_together(bots: Bots, worker: Plain) -> None:
    other, name = bots("other"), unique("made")
    (delivery,) = worker.fetch()
    replies = worker.ask(
        worker.verdict("ack", delivery),
        worker.letter(str(other.bot), 1),
        {"op": "create_channel", "name": name},
        {"op": "subscribe", "channel": name},
        {"op": "publish", "id": new_id(), "channel": name, "body": 2},
        atomic=True,
    )
    assert [reply["ok"]["kind"] for reply in replies] == [
        "done", "receipt", "channel", "subscription", "receipt",
    ]  # fmt: skip
    assert [d["message"]["body"] for d in other.fetch()] == [1]
    assert [d["message"]["body"] for d in worker.fetch()] == [2]


def test_nothing_takes_effect_if_one_fails(bots: Bots, worker: Plain) -> None:
    other, name = bots("other"), unique("made")
    letter = worker.letter(str(other.bot), 1)
    replies = worker.ask(
        letter,
        {"op": "create_channel", "name": name},
        nowhere(),
        {**letter, "id": new_id()},
        atomic=True,
    )
    errors = [error_of(reply) for reply in replies]
    assert {error["code"] for error in errors} == {"not_found"}
    assert {error["details"]["failed_request"] for error in errors} == {2}
    assert "request 2 of this atomic frame" in errors[0]["message"]
    assert worker.error("get_channel", name=name)["code"] == "not_found"
    assert worker.error("show_message", id=letter["id"])["code"] == "not_found"
    assert other.fetch(wait=0.1) == []


def test_an_ack_whose_frame_fails_leaves_the_lease_with_its_holder(
    bots: Bots, worker: Plain
) -> None:
    (delivery,) = worker.fetch()
    for op, fields in (("ack", {}), ("nak", {}), ("term", {"reason": "x"})):
        replies = worker.ask(worker.verdict(op, delivery, **fields), nowhere(), atomic=True)
        assert error_of(replies[0])["details"]["failed_request"] == 1
    assert bots.named(worker.bot).fetch(wait=0.1) == []
    assert worker.settle("ack", delivery) == {"kind": "done"}


def test_a_lease_whose_ack_failed_still_ends_at_its_deadline(worker: Plain) -> None:
    (delivery,) = worker.fetch(lease=0.2)
    replies = worker.ask(worker.verdict("ack", delivery), nowhere(), atomic=True)
    assert error_of(replies[0])["code"] == "not_found"
    (again,) = worker.fetch(wait=10)
    assert again["attempt"] == 2


def test_a_delivery_that_waits_goes_on_waiting_when_its_ack_fails(worker: Plain) -> None:
    (delivery,) = worker.fetch()
    worker.settle("nak", delivery, delay=30)
    replies = worker.ask(worker.verdict("ack", delivery), nowhere(), atomic=True)
    assert error_of(replies[0])["code"] == "not_found"
    assert worker.fetch(wait=0.1) == []


def test_the_culprit_is_counted_with_the_repeats(worker: Plain) -> None:
    (delivery,) = worker.fetch()
    worker.settle("nak", delivery, delay=30)
    replies = worker.ask(worker.verdict("nak", delivery), nowhere(), atomic=True)
    assert [error_of(reply)["details"]["failed_request"] for reply in replies] == [1, 1]


def test_a_lost_lease_fails_the_reply_that_goes_with_it(bots: Bots, worker: Plain) -> None:
    other = bots("other")
    (zombie,) = worker.fetch(lease=0.1)
    (living,) = worker.fetch()
    replies = worker.ask(
        worker.letter(str(other.bot), "done"), worker.verdict("ack", zombie), atomic=True
    )
    assert error_of(replies[0])["code"] == "lease_lost"
    assert error_of(replies[0])["details"]["failed_request"] == 1
    assert other.fetch(wait=0.1) == []
    assert worker.settle("ack", living) == {"kind": "done"}


def test_a_request_that_cannot_be_read_fails_the_frame(bots: Bots, worker: Plain) -> None:
    other = bots("other")
    replies = worker.ask(worker.letter(str(other.bot), 1), {"op": "send", "id": 5}, atomic=True)
    assert error_of(replies[0])["code"] == "invalid"
    assert error_of(replies[1])["details"]["failed_request"] == 1
    assert other.fetch(wait=0.1) == []


def test_an_atomic_frame_may_be_sent_again(bots: Bots, worker: Plain) -> None:
    other = bots("other")
    (delivery,) = worker.fetch()
    requests = [worker.letter(str(other.bot), "done"), worker.verdict("ack", delivery)]
    first = worker.ask(*requests, atomic=True)
    second = worker.ask(*requests, atomic=True)
    assert second[0]["ok"]["duplicate"] is True
    assert second[0]["ok"]["seq"] == first[0]["ok"]["seq"]
    assert second[1]["ok"] == {"kind": "done", "changed": False}
    assert len(other.fetch()) == 1


def test_a_frame_of_a_thousand_is_one_commit(bots: Bots) -> None:
    bot = bots()
    letters = [bot.letter(str(bot.bot), number) for number in range(999)]
    assert "error" in bot.ask(*letters, nowhere(), atomic=True)[0]
    assert bot.fetch(wait=0) == []
    assert all("ok" in reply for reply in bot.ask(*letters, atomic=True))
    assert len(bot.fetch(max=1000)) == 999


def test_an_empty_frame_has_an_empty_answer(bots: Bots) -> None:
    assert bots().ask(atomic=True) == []
    assert bots().ask() == []
