"""Delivery: to whom, in which order, how often, and who may settle it."""

import subprocess
import sys
import threading

from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Json, Plain

HOLDER = """
import sys
from tests.daemon.plain import Plain
class Daemon: url = sys.argv[1]
bot = Plain(Daemon, sys.argv[2])
print(bot.fetch(lease=3600)[0]["lease"], flush=True)
sys.stdin.read()
"""


def bodies(deliveries: list[Json]) -> list[object]:
    return [delivery["message"]["body"] for delivery in deliveries]


def sent(bots: Bots, to: Plain, *contents: object) -> list[Json]:
    """Sends messages to a bot in one frame; the receipts."""
    sender = bots("sender")
    return [sender.send(str(to.bot), content) for content in contents]


def test_a_bot_that_was_never_seen_gets_what_was_sent(bots: Bots) -> None:
    name = unique("newcomer")
    sender = bots("sender")
    receipt = sender.send(name, {"a": [1, None, "ä"]}, type="task", headers={"k": "v"})
    assert receipt["known"] is False
    (delivery,) = bots.named(name).fetch(wait=0)
    assert delivery["attempt"] == 1
    message = delivery["message"]
    assert message["id"] == receipt["id"]
    assert message["seq"] == receipt["seq"]
    assert message["sender"] == sender.bot
    assert message["recipient"] == name
    assert message["type"] == "task"
    assert message["body"] == {"a": [1, None, "ä"]}
    assert message["headers"] == {"k": "v"}
    assert message["timestamp"] == receipt["timestamp"]
    assert delivery["lease_expires_at"] > message["timestamp"]


def test_a_parked_fetch_is_answered_by_the_next_message(bots: Bots) -> None:
    bot = bots()
    parked = bot.parked({"op": "fetch", "wait": 60})
    sent(bots, bot, "wake up")
    assert bodies(parked.reply()["ok"]["deliveries"]) == ["wake up"]


def test_a_fetch_that_finds_nothing_ends_with_its_wait(bots: Bots) -> None:
    assert bots().fetch(wait=0) == []
    assert bots().fetch(wait=0.05) == []


def test_first_deliveries_come_in_commit_order_over_all_sources(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    channels = [unique("c"), unique("d")]
    for name in channels:
        sender.ok("create_channel", name=name)
        bot.ok("subscribe", channel=name)
    receipts = []
    for number in range(30):
        if number % 3 == 2:
            receipts.append(sender.send(str(bot.bot), number))
        else:
            receipts.append(sender.publish(channels[number % 3], number))
    found: list[Json] = []
    while len(found) < 30:
        found += bot.fetch(max=7)
    assert bodies(found) == list(range(30))
    assert [d["message"]["seq"] for d in found] == [r["seq"] for r in receipts]


def test_a_backlog_beyond_the_daemons_memory_comes_whole_and_in_order(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    requests = [sender.letter(str(bot.bot), number) for number in range(3000)]
    for start in range(0, 3000, 1000):
        sender.ask(*requests[start : start + 1000])
    found: list[object] = []
    while len(found) < 3000:
        deliveries = bot.fetch(max=400)
        found += bodies(deliveries)
        bot.ask(*[bot.verdict("ack", delivery) for delivery in deliveries])
    assert found == list(range(3000))
    assert bot.fetch(wait=0) == []


def test_an_answer_holds_what_fits_and_the_rest_comes_next(bots: Bots) -> None:
    bot = bots()
    receipts = sent(bots, bot, *["x" * 200_000] * 12)
    first = bot.fetch(max=100)
    assert 0 < len(first) < 12
    rest: list[Json] = []
    while len(first) + len(rest) < 12:
        rest += bot.fetch(max=100)
    assert [d["message"]["seq"] for d in first + rest] == [r["seq"] for r in receipts]


def test_competing_consumers_share_without_duplicates(bots: Bots) -> None:
    first = bots()
    consumers = [first, *[bots.named(first.bot) for _ in range(3)]]
    taken: list[list[object]] = [[] for _ in consumers]

    def consume(consumer: Plain, mine: list[object]) -> None:
        while True:
            for delivery in consumer.fetch(max=3, wait=10):
                consumer.settle("ack", delivery)
                if delivery["message"]["body"] is None:
                    return
                mine.append(delivery["message"]["body"])

    threads = [
        threading.Thread(target=consume, args=pair) for pair in zip(consumers, taken, strict=True)
    ]
    for thread in threads:
        thread.start()
    sent(bots, first, *range(120))
    while any(thread.is_alive() for thread in threads):
        sent(bots, first, None)
        threads[0].join(0.05)
        threads = [thread for thread in threads if thread.is_alive()]
        if not threads:
            break
    together = sorted(n for mine in taken for n in mine if isinstance(n, int))
    assert together == list(range(120))


def test_nak_offers_it_again_at_once_and_counts(bots: Bots) -> None:
    bot = bots()
    sent(bots, bot, 1)
    (first,) = bot.fetch()
    bot.settle("nak", first, reason="busy")
    (second,) = bot.fetch()
    assert second["attempt"] == 2
    assert second["lease"] != first["lease"]


def test_nak_with_a_delay_comes_back_after_it_and_before_newer_ones_are_lost(bots: Bots) -> None:
    bot = bots()
    sent(bots, bot, "late", "other")
    (late,) = bot.fetch(max=1)
    bot.settle("nak", late, delay=0.3)
    assert bodies(bot.fetch()) == ["other"]
    assert bot.fetch(wait=0) == []
    assert bodies(bot.fetch(wait=10)) == ["late"]


def test_a_nak_that_says_not_now_does_not_count(bots: Bots) -> None:
    bot = bots()
    sent(bots, bot, 1)
    for _ in range(15):  # more than max_deliveries
        (delivery,) = bot.fetch()
        assert delivery["attempt"] == 1
        bot.settle("nak", delivery, counts=False)


def test_the_lease_ends_at_its_deadline(bots: Bots) -> None:
    bot = bots()
    sent(bots, bot, 1)
    (first,) = bot.fetch(lease=0.1)
    (second,) = bot.fetch(wait=10)
    assert second["attempt"] == 2
    assert first["lease_expires_at"] <= second["lease_expires_at"]


def test_extend_moves_the_deadline(bots: Bots) -> None:
    bot = bots()
    sent(bots, bot, 1)
    (first,) = bot.fetch(lease=0.2)
    moved = bot.settle("extend", first, seconds=30)
    assert moved["lease_expires_at"] > first["lease_expires_at"]
    assert bot.fetch(wait=0.5) == []
    assert bot.settle("ack", first) == {"kind": "done"}


def test_extend_may_shorten(bots: Bots) -> None:
    bot = bots()
    sent(bots, bot, 1)
    (first,) = bot.fetch(lease=3600)
    bot.settle("extend", first, seconds=0.1)
    assert bot.fetch(wait=10)[0]["attempt"] == 2


def test_the_lease_ends_at_once_when_its_holder_is_killed(bots: Bots) -> None:
    bot = bots()
    sent(bots, bot, "survives")
    command = [sys.executable, "-c", HOLDER, bots.daemon.url, str(bot.bot)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        lease = holder.stdout.readline().strip()
        assert bot.fetch(wait=0) == []
        holder.kill()
        (again,) = bot.fetch(wait=10)
    assert again["attempt"] == 2
    assert again["lease"] != lease


def test_the_ack_of_a_zombie_is_refused_once_it_passed_to_another(bots: Bots) -> None:
    zombie, living = bots(), None
    living = bots.named(zombie.bot)
    sent(bots, zombie, 1)
    (first,) = zombie.fetch(lease=0.1)
    (second,) = living.fetch(wait=10)
    for op, fields in (
        ("ack", {}),
        ("nak", {}),
        ("term", {"reason": "x"}),
        ("extend", {"seconds": 5}),
    ):
        assert zombie.refused(op, first, **fields)["code"] == "lease_lost"
    assert living.settle("ack", second) == {"kind": "done"}
    assert zombie.refused("ack", first)["code"] == "lease_lost"


def test_a_late_ack_is_accepted_while_it_passed_to_nobody(bots: Bots) -> None:
    bot, watcher = bots(), bots.named(None)
    (receipt,) = sent(bots, bot, 1)
    (delivery,) = bot.fetch(lease=0.1)
    while watcher.ok("show_message", id=receipt["id"])["deliveries"][0]["state"] == "leased":
        pass
    assert bot.settle("ack", delivery) == {"kind": "done"}
    assert bot.fetch(wait=0.1) == []


def test_another_connection_of_the_bot_may_settle_with_the_lease(bots: Bots) -> None:
    bot = bots()
    sent(bots, bot, 1)
    (delivery,) = bot.fetch()
    assert bots.named(bot.bot).settle("ack", delivery) == {"kind": "done"}


def test_a_verdict_may_be_repeated(bots: Bots) -> None:
    bot = bots()
    sent(bots, bot, 1, 2, 3)
    one, two, three = bot.fetch()
    assert bot.settle("ack", one) == {"kind": "done"}
    assert bot.settle("ack", one) == {"kind": "done", "changed": False}
    assert bot.settle("term", two, reason="broken") == {"kind": "done"}
    assert bot.settle("term", two, reason="broken") == {"kind": "done", "changed": False}
    assert bot.settle("nak", three, delay=30) == {"kind": "done"}
    assert bot.settle("nak", three, delay=30) == {"kind": "done", "changed": False}
    assert bot.fetch(wait=0) == []


def test_verdicts_of_one_frame_are_carried_out_in_order(bots: Bots) -> None:
    bot = bots()
    sent(bots, bot, 1)
    (delivery,) = bot.fetch()
    nak, ack = bot.ask(bot.verdict("nak", delivery), bot.verdict("ack", delivery))
    assert "ok" in nak
    assert "ok" in ack
    assert bot.fetch(wait=0.1) == []


def test_term_makes_a_dead_letter_with_its_reason(bots: Bots) -> None:
    bot = bots()
    (receipt,) = sent(bots, bot, "poison")
    (delivery,) = bot.fetch()
    bot.settle("term", delivery, reason="cannot be parsed")
    (dead,) = bot.ok("list_dead", bot=bot.bot)["dead"]
    assert dead["message"]["id"] == receipt["id"]
    assert dead["reason"] == "cannot be parsed"
    assert bot.fetch(wait=0) == []
