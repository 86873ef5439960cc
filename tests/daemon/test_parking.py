"""Requests that wait, those that only look, and those that are called off."""

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain


def bodies(deliveries: list[Json]) -> list[object]:
    return [delivery["message"]["body"] for delivery in deliveries]


def sent(bots: Bots, to: Plain, *contents: object) -> list[Json]:
    """Sends messages to a bot; the receipts."""
    sender = bots("sender")
    return [sender.send(str(to.bot), content) for content in contents]


def test_peek_reads_without_taking(bots: Bots) -> None:
    bot = bots()
    receipts = sent(bots, bot, 1, 2, 3)
    (held,) = bot.fetch(max=1)
    peeked = bot.ok("peek")
    assert [m["body"] for m in peeked["messages"]] == [1, 2, 3]
    assert peeked["last_seq"] == receipts[-1]["seq"]
    assert [m["body"] for m in bot.ok("peek", after=receipts[0]["seq"], max=1)["messages"]] == [2]
    bot.settle("ack", held)
    assert [m["body"] for m in bot.ok("peek")["messages"]] == [2, 3]
    assert bodies(bot.fetch()) == [2, 3]


def test_a_parked_peek_is_answered_by_the_next_message(bots: Bots) -> None:
    bot = bots()
    parked = bot.parked({"op": "peek", "wait": 60})
    bot.ok("hello")
    sent(bots, bot, "look")
    assert [m["body"] for m in parked.reply()["ok"]["messages"]] == ["look"]


def test_a_cancelled_fetch_gives_back_what_it_was_handed(bots: Bots) -> None:
    bot = bots()
    sent(bots, bot, 1, 2)
    (lost,) = bot.fetch(ticket="a", max=1)
    (kept,) = bot.fetch(ticket="b", max=1)
    assert bot.ok("cancel_fetch", ticket="a") == {"kind": "done"}
    (again,) = bot.fetch()
    assert again["message"]["body"] == lost["message"]["body"] == 1
    assert again["attempt"] == 1  # it was never seen
    assert bot.settle("ack", kept) == {"kind": "done"}
    assert bot.refused("ack", lost)["code"] == "lease_lost"


def test_a_cancelled_fetch_that_is_parked_ends(bots: Bots) -> None:
    bot = bots()
    assert bot.fetch(wait=0) == []  # loads the mailbox, so that the next fetch parks at once
    parked = bot.parked({"op": "fetch", "wait": 60, "ticket": "t"})
    bot.ok("hello")
    assert bot.ok("cancel_fetch", ticket="t") == {"kind": "done"}
    assert parked.reply()["ok"]["deliveries"] == []
    sent(bots, bot, 1)
    assert bodies(bot.fetch(ticket="u")) == [1]


def test_a_cancel_that_overtakes_its_fetch_counts(bots: Bots) -> None:
    bot = bots()
    sent(bots, bot, 1)
    assert bot.ok("cancel_fetch", ticket="t") == {"kind": "done", "changed": False}
    assert bot.fetch(ticket="t") == []
    assert bodies(bot.fetch()) == [1]


def test_many_parked_requests_of_one_connection_are_all_answered(bots: Bots) -> None:
    watcher = bots.named(None)
    parked = [watcher.parked({"op": "tail", "wait": 60}) for _ in range(250)]
    watcher.ok("hello")
    sent(bots, bots(), "for all")
    for waiting in parked:
        assert len(waiting.reply()["ok"]["messages"]) == 1
