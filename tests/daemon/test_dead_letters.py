"""What cannot be processed is given up after so many attempts, and never lost."""

import time

import pytest

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain


@pytest.fixture(scope="module")
def settings() -> str:
    return """
        [delivery]
        max_deliveries = 3
        backoff_seconds = 0.1
        backoff_limit_seconds = 0.15
        max_in_flight = 5
    """


def dead(bot: Plain) -> list[Json]:
    letters: list[Json] = bot.ok("list_dead", bot=bot.bot)["dead"]
    return letters


def test_after_so_many_attempts_it_is_a_dead_letter(bots: Bots) -> None:
    bot = bots()
    receipt = bots("sender").send(str(bot.bot), "poison")
    for attempt in (1, 2, 3):
        (delivery,) = bot.fetch()
        assert delivery["attempt"] == attempt
        assert dead(bot) == []
        bot.settle("nak", delivery, reason=f"failed {attempt}")
    (letter,) = dead(bot)
    assert letter["bot"] == bot.bot
    assert letter["attempts"] == 3
    assert letter["message"]["id"] == receipt["id"]
    assert letter["reason"] == "given up after 3 deliveries: failed 3"
    assert letter["died_at"] > receipt["timestamp"]
    assert bot.fetch(wait=0.3) == []


def test_ended_leases_count_as_attempts(bots: Bots) -> None:
    bot = bots()
    bots("sender").send(str(bot.bot), "poison")
    for _ in range(3):
        assert len(bot.fetch(lease=0.1)) == 1
    assert bot.fetch(wait=0.5) == []
    (letter,) = dead(bot)
    assert "the lease of its holder ended" in letter["reason"]


def test_lost_connections_count_as_attempts(bots: Bots) -> None:
    watcher = bots()
    bots("sender").send(str(watcher.bot), "poison")
    for _ in range(3):
        with Plain(bots.daemon, watcher.bot) as victim:
            assert len(victim.fetch()) == 1
    assert watcher.fetch(wait=0.5) == []
    (letter,) = dead(watcher)
    assert "the connection of its holder ended" in letter["reason"]


def test_the_wait_grows_from_the_second_failure_on(bots: Bots) -> None:
    bot = bots()
    bots("sender").send(str(bot.bot), "slow")
    (delivery,) = bot.fetch()
    bot.settle("nak", delivery)
    (delivery,) = bot.fetch(wait=10)
    bot.settle("nak", delivery)
    began = time.monotonic()
    assert bot.fetch(wait=0) == []
    (delivery,) = bot.fetch(wait=10)
    assert time.monotonic() - began >= 0.08
    assert delivery["attempt"] == 3


def test_the_work_of_the_last_attempt_counts_even_if_it_took_too_long(bots: Bots) -> None:
    bot = bots()
    bots("sender").send(str(bot.bot), "slow")
    (delivery,) = bot.fetch(lease=0.1)
    for _ in range(2):
        (delivery,) = bot.fetch(lease=0.1)
    assert bot.fetch(wait=0.5) == []
    assert len(dead(bot)) == 1
    assert bot.settle("ack", delivery) == {"kind": "done"}
    assert dead(bot) == []


def test_a_dead_letter_is_replayed_with_a_clean_count(bots: Bots) -> None:
    bot, operator = bots(), bots("operator")
    bots("sender").send(str(bot.bot), "try again")
    (delivery,) = bot.fetch()
    bot.settle("term", delivery, reason="my mistake")
    parked = bot.parked({"op": "fetch", "wait": 60})
    bot.ok("hello")
    assert operator.ok("replay_dead", bot=bot.bot) == {"kind": "done", "count": 1}
    (again,) = parked.reply()["ok"]["deliveries"]
    assert again["attempt"] == 1
    assert dead(bot) == []
    assert operator.ok("replay_dead", bot=bot.bot) == {"kind": "done", "changed": False}
    assert bot.refused("ack", delivery)["code"] == "lease_lost"
    assert bot.settle("ack", again) == {"kind": "done"}


def test_a_dead_letter_is_dropped_and_stays_in_the_history(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    receipts = [sender.send(str(bot.bot), n) for n in range(3)]
    for delivery in bot.fetch():
        bot.settle("term", delivery, reason="no")
    assert [letter["message"]["body"] for letter in dead(bot)] == [0, 1, 2]
    seqs = [receipts[0]["seq"], receipts[2]["seq"], 999_999]
    assert sender.ok("drop_dead", bot=bot.bot, seqs=seqs) == {"kind": "done", "count": 2}
    assert [letter["message"]["body"] for letter in dead(bot)] == [1]
    (record,) = sender.ok("show_message", id=receipts[0]["id"])["deliveries"]
    assert record["state"] == "dropped"
    assert len(sender.ok("history", between=[sender.bot, bot.bot])["messages"]) == 3
    assert sender.ok("replay_dead", bot=bot.bot, seqs=seqs) == {"kind": "done", "changed": False}


def test_dead_letters_are_listed_in_pages_over_all_bots(bots: Bots) -> None:
    sender, some = bots("sender"), [bots() for _ in range(3)]
    name = str(sender.bot)
    sender.ok("create_channel", name=name)
    for bot in some:
        bot.ok("subscribe", channel=name)
    receipts = [sender.publish(name, n) for n in range(2)]
    for bot in some:
        for delivery in bot.fetch():
            bot.settle("term", delivery, reason="no")
    found: list[tuple[int, str]] = []
    after = (receipts[0]["seq"] - 1, "")
    while page := sender.ok("list_dead", after=after[0], after_bot=after[1], limit=2)["dead"]:
        found += [(letter["message"]["seq"], letter["bot"]) for letter in page]
        after = found[-1]
    names = sorted(str(bot.bot) for bot in some)
    assert found == [(receipt["seq"], name) for receipt in receipts for name in names]


def test_a_bot_holds_so_many_at_once_and_no_more(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    for number in range(8):
        sender.send(str(bot.bot), number)
    first = bot.fetch()
    assert len(first) == 5
    parked = bot.parked({"op": "fetch", "wait": 60, "max": 100})
    bot.ok("hello")
    bot.settle("ack", first[0])
    (sixth,) = parked.reply()["ok"]["deliveries"]
    assert sixth["message"]["body"] == 5
