"""A message may be taken back until somebody was handed it, by its sender and nobody else."""

import pytest

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain


def state(bot: Plain, receipt: Json) -> str:
    said: str = bot.ok("show_message", id=receipt["id"])["deliveries"][0]["state"]
    return said


def test_a_message_is_taken_back_before_anybody_saw_it(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    receipt = sender.send(str(bot.bot), "oops")
    assert sender.ok("recall", id=receipt["id"]) == {"kind": "done"}
    assert sender.ok("recall", id=receipt["id"]) == {"kind": "done", "changed": False}
    assert bot.fetch(wait=0.1) == []
    assert bot.ok("peek")["messages"] == []
    assert state(sender, receipt) == "recalled"
    assert sender.ok("history", between=[sender.bot, bot.bot])["messages"][0]["body"] == "oops"


def test_it_is_taken_out_of_a_mailbox_in_use(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    receipts = [sender.send(str(bot.bot), number) for number in range(4)]
    (first,) = bot.fetch(max=1)  # the others have been gathered
    sender.ok("recall", id=receipts[2]["id"])
    assert [d["message"]["body"] for d in bot.fetch()] == [1, 3]
    assert bot.settle("ack", first) == {"kind": "done"}


@pytest.mark.parametrize("verdict", ["held", "ack", "nak", "not now", "term"])
def test_what_was_handed_out_cannot_be_taken_back(bots: Bots, verdict: str) -> None:
    bot, sender = bots(), bots("sender")
    receipt = sender.send(str(bot.bot), "read it?")
    (delivery,) = bot.fetch()
    if verdict == "not now":
        bot.settle("nak", delivery, counts=False, delay=30)
    elif verdict == "nak":
        bot.settle("nak", delivery, delay=30)
    elif verdict != "held":
        bot.settle(verdict, delivery, **({"reason": "no"} if verdict == "term" else {}))
    error = sender.error("recall", id=receipt["id"])
    assert error["code"] == "illegal_state"
    assert error["details"] == {"delivered_to": bot.bot}


def test_only_the_sender_may(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    receipt = sender.send(str(bot.bot), "mine")
    assert bot.error("recall", id=receipt["id"])["code"] == "denied"
    assert len(bot.fetch()) == 1


def test_a_channel_message_until_the_first_subscriber_has_it(bots: Bots) -> None:
    sender, early, late = bots("sender"), bots("early"), bots("late")
    name = str(sender.bot)
    sender.ok("create_channel", name=name)
    for bot in (early, late):
        bot.ok("subscribe", channel=name)
    taken_back = sender.publish(name, "oops")
    assert sender.ok("recall", id=taken_back["id"]) == {"kind": "done"}
    kept = sender.publish(name, "news")
    assert [d["message"]["body"] for d in early.fetch()] == ["news"]
    assert sender.error("recall", id=kept["id"])["details"] == {"delivered_to": early.bot}
    assert [d["message"]["body"] for d in late.fetch()] == ["news"]


def test_a_delayed_message_that_was_put_off_before(bots: Bots) -> None:
    """The mailbox has looked at it, put it off, and was unloaded with its bot."""
    bot, sender = bots(), bots("sender")
    receipt = sender.send(str(bot.bot), "later", delay=0.5)
    assert bot.fetch(wait=0.1) == []
    bot.close()
    while sender.ok("list_bots", after=str(bot.bot)[:-1], limit=1)["bots"][0].get("connections"):
        pass
    assert sender.ok("recall", id=receipt["id"]) == {"kind": "done"}
    assert bots.named(bot.bot).fetch(wait=1.0) == []
    assert state(sender, receipt) == "recalled"


def test_a_delayed_message_in_a_mailbox_in_use(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    receipt = sender.send(str(bot.bot), "later", delay=0.2)
    assert bot.fetch(wait=0) == []
    assert sender.ok("recall", id=receipt["id"]) == {"kind": "done"}
    assert bot.fetch(wait=0.5) == []


def test_a_message_that_its_mailbox_has_not_looked_at(bots: Bots) -> None:
    """The mailbox is in memory, and the message beside it: nobody has fetched since it was sent."""
    bot, sender = bots(), bots("sender")
    sender.send(str(bot.bot), "before")
    (delivery,) = bot.fetch()
    bot.settle("ack", delivery)
    receipt = sender.send(str(bot.bot), "gone")
    assert sender.ok("recall", id=receipt["id"]) == {"kind": "done"}
    sender.send(str(bot.bot), "after")
    assert [d["message"]["body"] for d in bot.fetch()] == ["after"]


def test_a_recall_that_fails_with_its_frame_leaves_the_message(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    receipt = sender.send(str(bot.bot), "stays")
    nowhere = {"op": "subscribe", "channel": "no-such"}
    replies = sender.ask({"op": "recall", "id": receipt["id"]}, nowhere, atomic=True)
    assert replies[0]["error"]["code"] == "not_found"
    assert [d["message"]["body"] for d in bot.fetch()] == ["stays"]


def test_a_recall_outlives_a_crash(own: Bots) -> None:
    bot, sender = own(), own("sender")
    gone = sender.send(str(bot.bot), "gone")
    late = sender.send(str(bot.bot), "late", delay=2.0)
    sender.send(str(bot.bot), "kept")
    sender.ok("recall", id=gone["id"])
    assert [d["message"]["body"] for d in bot.fetch()] == ["kept"]
    sender.ok("recall", id=late["id"])
    own.daemon.kill()
    own.daemon.start()
    assert {d["message"]["body"] for d in bot.fetch(wait=2.5)} <= {"kept"}
    assert bot.fetch(wait=0.5) == []
