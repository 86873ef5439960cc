"""ask and reply: the first reply is the answer, and a late one is an ordinary message."""

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain, new_id


def question(to: Plain, timeout: float = 60.0, **fields: object) -> Json:
    return {"op": "ask", "id": new_id(), "to": to.bot, "body": "?", "timeout": timeout, **fields}


def answer(bot: Plain, body: object = "!", wait: float = 10.0) -> Json:
    """Fetches a question and replies to it; the receipt of the reply."""
    (delivery,) = bot.fetch(wait=wait, max=1)
    message = delivery["message"]
    receipt = bot.send(message["sender"], body, reply_to=message["id"])
    bot.settle("ack", delivery)
    return receipt


def test_the_first_reply_is_the_answer(bots: Bots) -> None:
    asker, expert = bots("asker"), bots("expert")
    asked = question(expert)
    parked = asker.parked(asked)
    replied = answer(expert, {"answer": 42})
    said = parked.reply()["ok"]
    assert said["kind"] == "answer"
    assert said["receipt"]["id"] == asked["id"]
    assert said["reply"]["id"] == replied["id"]
    assert said["reply"]["body"] == {"answer": 42}
    assert said["reply"]["reply_to"] == asked["id"]
    assert said["reply"]["thread"] == asked["id"]
    assert asker.fetch(wait=0.1) == []  # it does not lie in the mailbox as well


def test_many_questions_get_each_its_own_answer(bots: Bots) -> None:
    asker, expert = bots("asker"), bots("expert")
    parked = {number: asker.parked(question(expert, body=number)) for number in range(20)}
    for delivery in [d for _ in range(20) for d in expert.fetch(max=1)]:
        message = delivery["message"]
        expert.send(message["sender"], message["body"] * 10, reply_to=message["id"])
    for number, waiting in parked.items():
        assert waiting.reply()["ok"]["reply"]["body"] == number * 10


def test_a_second_reply_lands_in_the_mailbox(bots: Bots) -> None:
    asker, expert = bots("asker"), bots("expert")
    asked = question(expert)
    parked = asker.parked(asked)
    answer(expert)
    parked.reply()
    expert.send(str(asker.bot), "and another thing", reply_to=asked["id"])
    assert [d["message"]["body"] for d in asker.fetch()] == ["and another thing"]


def test_a_late_reply_lands_in_the_mailbox(bots: Bots) -> None:
    asker, expert = bots("asker"), bots("expert")
    (reply,) = asker.ask(question(expert, timeout=0.05))
    assert "reply" not in reply["ok"]
    answer(expert, "late")
    assert [d["message"]["body"] for d in asker.fetch()] == ["late"]


def test_a_question_without_time_is_a_send(bots: Bots) -> None:
    asker, expert = bots("asker"), bots("expert")
    (reply,) = asker.ask(question(expert, timeout=0))
    assert "reply" not in reply["ok"]
    assert len(expert.fetch()) == 1


def test_a_reply_of_somebody_else_to_somebody_else_is_no_answer(bots: Bots) -> None:
    asker, expert, other = bots("asker"), bots("expert"), bots("other")
    asked = question(expert)
    parked = asker.parked(asked)
    (delivery,) = expert.fetch()
    expert.send(str(other.bot), "psst", reply_to=asked["id"])
    expert.send(str(asker.bot), "hm")  # no reply at all
    expert.send(str(asker.bot), "42", reply_to=asked["id"])
    assert parked.reply()["ok"]["reply"]["body"] == "42"
    expert.settle("ack", delivery)
    assert [d["message"]["body"] for d in asker.fetch()] == ["hm"]


def test_asking_again_returns_the_answer_that_was_given_meanwhile(bots: Bots) -> None:
    asker, expert = bots("asker"), bots("expert")
    asked = question(expert, timeout=0.05)
    asker.ask(asked)
    answer(expert, "while you were out")
    (again,) = asker.ask(asked)
    assert again["ok"]["receipt"]["duplicate"] is True
    assert again["ok"]["reply"]["body"] == "while you were out"
    assert asker.fetch(wait=0.1) == []
    assert expert.fetch(wait=0) == []


def test_a_question_outlives_a_crash_of_the_daemon(own: Bots) -> None:
    asker, expert = own("asker"), own("expert")
    asked = question(expert)
    lost = asker.parked(asked)
    (delivery,) = expert.fetch()
    own.daemon.kill()
    own.daemon.start()
    lost.drop()
    parked = asker.parked(asked)
    expert.ask(
        expert.letter(str(asker.bot), "still here", reply_to=asked["id"]),
        expert.verdict("ack", delivery),
        atomic=True,
    )
    said = parked.reply()["ok"]
    assert said["receipt"]["duplicate"] is True
    assert said["reply"]["body"] == "still here"


def test_an_answer_given_before_a_crash_is_there_after_it(own: Bots) -> None:
    asker, expert = own("asker"), own("expert")
    asked = question(expert)
    asker.ask({**asked, "timeout": 0})
    answer(expert, "before")
    own.daemon.kill()
    own.daemon.start()
    (reply,) = asker.ask(asked)
    assert reply["ok"]["reply"]["body"] == "before"


def test_what_stands_before_a_question_in_its_frame_is_not_held_up(bots: Bots) -> None:
    asker, expert = bots("asker"), bots("expert")
    parked = asker.park(asker.frame(asker.letter(str(expert.bot), "first"), question(expert)))
    first, second = [d for _ in range(2) for d in expert.fetch(max=1)]
    assert first["message"]["body"] == "first"
    expert.send(str(asker.bot), "!", reply_to=second["message"]["id"])
    send, ask = parked.answer()["replies"]
    assert send["ok"]["seq"] < ask["ok"]["receipt"]["seq"]


def test_the_thread_tells_the_whole_conversation(bots: Bots) -> None:
    asker, expert = bots("asker"), bots("expert")
    asked = question(expert)
    parked = asker.parked(asked)
    replied = answer(expert)
    parked.reply()
    asker.send(str(expert.bot), "thanks", reply_to=replied["id"])
    thread = asker.ok("history", thread=asked["id"])["messages"]
    assert [m["body"] for m in thread] == ["thanks", "!", "?"]
    assert [m.get("hops", 0) for m in thread] == [2, 1, 0]
    life = asker.ok("show_message", id=asked["id"])
    assert [m["id"] for m in life["replies"]] == [replied["id"]]
