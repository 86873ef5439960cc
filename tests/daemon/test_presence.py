"""Presence comes from the pipe itself, and receipts tell what it says."""

import os
import subprocess
import sys

from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Json, Plain
from tests.waiting import eventually

LEAVER = """
import os, sys
from tests.daemon.plain import Plain
class Daemon: url = sys.argv[1]
for number in range(30):
    Plain(Daemon, f"{sys.argv[2]}.{number}").parked({"op": "fetch", "wait": 3600})
os._exit(0)
"""


def seen(bots: Bots, name: str) -> Json | None:
    """How a bot is listed, if it is."""
    listed = bots.named(None).ok("list_bots", after=name[:-1], limit=1000)["bots"]
    found: list[Json] = [bot for bot in listed if bot["name"] == name]
    return found[0] if found else None


def until_gone(bots: Bots, name: str) -> None:
    """Waits until a bot has no connection any more."""

    def gone() -> bool:
        bot = seen(bots, name)
        return bot is not None and bot.get("connections", 0) == 0

    eventually(gone)


def test_receipts_tell_known_from_unknown_and_here_from_away(bots: Bots) -> None:
    sender, name = bots("sender"), unique("recipient")
    first = sender.send(name, 1)
    assert first["known"] is False
    assert "connected" not in first
    recipient = bots.named(name)
    recipient.ok("hello")
    second = sender.send(name, 2)
    assert "known" not in second  # the default is left out: true
    assert second["connected"] is True
    recipient.close()
    until_gone(bots, name)
    third = sender.send(name, 3)
    assert "known" not in third
    assert "connected" not in third


def test_a_bot_is_listed_with_its_connections(bots: Bots) -> None:
    bot = bots()
    name = str(bot.bot)
    bot.ok("hello")
    more = [bots.named(name) for _ in range(2)]
    for connection in more:
        connection.ok("hello")
    listed = seen(bots, name)
    assert listed is not None
    assert listed["connections"] == 3
    assert listed["first_seen_at"] <= listed["last_seen_at"]
    for connection in (bot, *more):
        connection.close()
    until_gone(bots, name)


def test_a_bot_that_was_only_sent_to_is_listed_as_never_seen(bots: Bots) -> None:
    name = unique("silent")
    bots("sender").send(name, 1)
    listed = seen(bots, name)
    assert listed is not None
    assert "first_seen_at" not in listed


def test_only_connected_bots_may_be_asked_for(bots: Bots) -> None:
    here, away = bots("here"), bots("away")
    for bot in (here, away):
        bot.ok("hello")
    away.close()
    until_gone(bots, str(away.bot))
    names = [b["name"] for b in here.ok("list_bots", connected=True, limit=1000)["bots"]]
    assert here.bot in names
    assert away.bot not in names


def test_whoever_only_watches_is_nobody(bots: Bots) -> None:
    watcher = bots.named(None)
    before = len(watcher.ok("list_bots", connected=True, limit=1000)["bots"])
    bots.named(None).ok("hello")
    assert len(watcher.ok("list_bots", connected=True, limit=1000)["bots"]) == before


def test_those_who_die_with_their_first_frame_are_not_kept(bots: Bots) -> None:
    word = unique("dying")
    subprocess.run([sys.executable, "-c", LEAVER, bots.daemon.url, word], check=True, timeout=20)
    for number in range(30):
        if seen(bots, f"{word}.{number}") is not None:
            until_gone(bots, f"{word}.{number}")


def test_a_message_tells_who_fetched_it_and_who_sent_it(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    receipt = sender.send(str(bot.bot), 1)
    life = life_of(bot, receipt)
    assert life["sender_pid"] == os.getpid()
    assert life["deliveries"] == [{"bot": bot.bot, "state": "pending"}]
    (delivery,) = bot.fetch()
    (record,) = life_of(bot, receipt)["deliveries"]
    assert record["state"] == "leased"
    assert record["attempts"] == 1
    assert record["holder_pid"] == os.getpid()
    assert record["first_fetched_at"] == record["fetched_at"]
    assert record["due_at"][:19] == delivery["lease_expires_at"][:19]
    bot.settle("nak", delivery, delay=0.05, reason="not yet")
    (record,) = life_of(bot, receipt)["deliveries"]
    assert record["state"] == "waiting"
    assert record["reason"] == "not yet"
    (delivery,) = bot.fetch()
    bot.settle("ack", delivery)
    (record,) = life_of(bot, receipt)["deliveries"]
    assert record["state"] == "acked"
    assert record["attempts"] == 2
    assert record["settled_at"] >= record["fetched_at"] > record["first_fetched_at"]


def life_of(bot: Plain, receipt: Json) -> Json:
    return bot.ok("show_message", id=receipt["id"])
