"""What a SIGKILL of the daemon leaves behind: everything but the last attempts' count."""

from tests.daemon import contents
from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain
from tests.waiting import eventually


def on_disk(bots: Bots, seq: int, attempt: int = 1) -> None:
    """Waits until the disk knows of an attempt to deliver: it is written behind."""
    attempts = "SELECT attempts FROM bot_deliveries WHERE seq = ?"
    eventually(lambda: (attempt,) in contents.on_disk(bots.daemon, attempts, seq))


def crash(bots: Bots) -> None:
    bots.daemon.kill()
    bots.daemon.start()


def bodies(deliveries: list[Json]) -> list[object]:
    return [delivery["message"]["body"] for delivery in deliveries]


def everything(bot: Plain, count: int) -> list[Json]:
    found: list[Json] = []
    while len(found) < count:
        found += bot.fetch()
    assert bot.fetch(wait=0.1) == []
    return sorted(found, key=lambda delivery: delivery["message"]["seq"])


def test_attempts_are_remembered(own: Bots) -> None:
    bot = own()
    receipt = own("sender").send(str(bot.bot), 1)
    for attempt in (1, 2, 3):
        (delivery,) = bot.fetch()
        assert delivery["attempt"] == attempt
        on_disk(own, receipt["seq"], attempt)
        crash(own)
    (delivery,) = bot.fetch()
    assert delivery["attempt"] == 4


def test_a_nak_goes_on_waiting(own: Bots) -> None:
    bot = own()
    for body in ("soon", "far"):
        own("sender").send(str(bot.bot), body)
    soon, far = bot.fetch()
    bot.settle("nak", soon, delay=4)
    bot.settle("nak", far, delay=3600)
    crash(own)
    assert bot.fetch(wait=0) == []
    (again,) = bot.fetch(wait=10)
    assert again["message"]["body"] == "soon"
    assert again["attempt"] == 2


def test_dead_letters_stay_dead_and_acked_ones_done(own: Bots) -> None:
    bot = own()
    for body in ("acked", "dead", "open"):
        own("sender").send(str(bot.bot), body)
    acked, dead, _ = bot.fetch()
    bot.settle("ack", acked)
    bot.settle("term", dead, reason="broken")
    crash(own)
    assert bodies(everything(bot, 1)) == ["open"]
    (letter,) = bot.ok("list_dead")["dead"]
    assert letter["reason"] == "broken"
    assert bot.ok("replay_dead", bot=bot.bot)["count"] == 1
    crash(own)
    assert bodies(everything(bot, 2)) == ["dead", "open"]


def test_an_ack_with_a_lease_from_before_the_crash_is_accepted(own: Bots) -> None:
    bot = own()
    receipts = [own("sender").send(str(bot.bot), n) for n in range(3)]
    deliveries = bot.fetch()
    on_disk(own, receipts[2]["seq"])
    crash(own)
    assert bot.settle("ack", deliveries[0]) == {"kind": "done"}
    (second, third) = everything(bot, 2)
    assert second["attempt"] == 2
    assert bot.refused("ack", deliveries[1])["code"] == "lease_lost"
    assert bot.settle("ack", second) == {"kind": "done"}
    assert bot.settle("ack", third) == {"kind": "done"}


def test_so_it_is_if_the_disk_never_heard_of_the_lease(own: Bots) -> None:
    """The daemon dies before it has written that it handed something out."""
    bot = own()
    own("sender").send(str(bot.bot), "acked")
    own("sender").send(str(bot.bot), "later")
    (acked,) = bot.fetch(max=1)
    (later,) = bot.fetch(max=1)
    crash(own)
    assert bot.settle("ack", acked) == {"kind": "done"}
    assert bot.settle("nak", later, delay=30) == {"kind": "done"}
    assert bot.fetch(wait=0.2) == []
    assert bot.settle("ack", acked) == {"kind": "done", "changed": False}


def test_so_it_is_after_a_frame_that_was_refused(own: Bots) -> None:
    bot = own()
    own("sender").send(str(bot.bot), "done")
    (done,) = bot.fetch()
    crash(own)
    ack, nowhere = bot.verdict("ack", done), {"op": "subscribe", "channel": "no-such"}
    assert bot.ask(ack, nowhere, atomic=True)[0]["error"]["code"] == "not_found"
    assert bot.settle("ack", done) == {"kind": "done"}
    assert bot.fetch(wait=0) == []


def test_a_lease_of_before_a_replay_is_lost(own: Bots) -> None:
    bot = own()
    own("sender").send(str(bot.bot), "again")
    (dead,) = bot.fetch()
    bot.settle("term", dead, reason="broken")
    bot.ok("replay_dead", bot=bot.bot)
    crash(own)
    assert bot.refused("ack", dead)["code"] == "lease_lost"
    assert bodies(everything(bot, 1)) == ["again"]


def test_a_nak_with_a_forgotten_lease_waits_its_delay(own: Bots) -> None:
    bot = own()
    receipt = own("sender").send(str(bot.bot), 1)
    crash(own)
    assert bot.ok("nak", seq=receipt["seq"], lease="1.7", delay=0.5) == {"kind": "done"}
    assert bot.fetch(wait=0.2) == []
    (again,) = bot.fetch(wait=10)
    assert again["message"]["seq"] == receipt["seq"]


def test_nothing_acknowledged_is_lost_over_many_crashes(own: Bots) -> None:
    bot, sender = own(), own("sender")
    acked: list[object] = []
    for round_ in range(4):
        sender.ask(*[sender.letter(str(bot.bot), [round_, n]) for n in range(50)])
        for delivery in bot.fetch(max=30):
            bot.settle("ack", delivery)
            acked.append(delivery["message"]["body"])
        bot.fetch(max=10)  # held by a connection that a crash ends
        crash(own)
    rest = bodies(everything(bot, 200 - len(acked)))
    assert sorted(acked + rest) == [[r, n] for r in range(4) for n in range(50)]  # type: ignore[type-var]
