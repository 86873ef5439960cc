"""The audit trail: by pair, channel, thread, seq and time; one message's life; watching live."""

import pytest

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain, new_id


def bodies(reply: Json) -> list[object]:
    return [message.get("body") for message in reply["messages"]]


@pytest.fixture
def pair(bots: Bots) -> tuple[Plain, Plain]:
    """Two bots that exchanged ten messages, in turn."""
    one, other = bots("one"), bots("other")
    other.ok("hello")
    for number in range(10):
        speaker, hearer = (one, other) if number % 2 == 0 else (other, one)
        speaker.send(str(hearer.bot), number)
    one.send(str(bots("third").bot), "to somebody else")
    return one, other


def test_a_pair_in_both_directions_newest_first(pair: tuple[Plain, Plain]) -> None:
    one, other = pair
    assert bodies(one.ok("history", between=[one.bot, other.bot])) == list(range(9, -1, -1))
    assert bodies(one.ok("history", between=[other.bot, one.bot], limit=3)) == [9, 8, 7]


def test_bots_may_be_named_by_id(pair: tuple[Plain, Plain]) -> None:
    one, other = pair
    bots = {bot["name"]: bot["id"] for bot in one.ok("list_bots", limit=1000)["bots"]}
    found = one.ok("history", between=[bots[one.bot], other.bot], limit=1)
    assert bodies(found) == [9]
    assert one.send(bots[other.bot], "by id")["seq"]
    assert [d["message"]["body"] for d in other.fetch()][-1] == "by id"


def test_before_and_after_are_seqs_or_times(pair: tuple[Plain, Plain]) -> None:
    one, other = pair
    messages = one.ok("history", between=[one.bot, other.bot])["messages"][::-1]
    between = [one.bot, other.bot]
    seq, moment = messages[6]["seq"], messages[6]["timestamp"]
    assert bodies(one.ok("history", between=between, before=seq, limit=2)) == [5, 4]
    assert bodies(one.ok("history", between=between, after=seq)) == [7, 8, 9]
    assert bodies(one.ok("history", between=between, after=seq, limit=1)) == [7]
    assert bodies(one.ok("history", between=between, before=moment)) == [5, 4, 3, 2, 1, 0]
    assert bodies(one.ok("history", between=between, after=moment)) == [7, 8, 9]
    both = one.ok("history", between=between, after=messages[1]["seq"], before=seq)
    assert bodies(both) == [5, 4, 3, 2]


def test_a_channel_and_an_unknown_thread(bots: Bots) -> None:
    bot = bots()
    name = str(bot.bot)
    bot.ok("create_channel", name=name)
    for number in range(3):
        bot.publish(name, number)
    assert bodies(bot.ok("history", channel=name)) == [2, 1, 0]
    assert bodies(bot.ok("history", thread=new_id())) == []


def test_a_bot_may_write_to_itself(bots: Bots) -> None:
    bot = bots()
    bot.send(str(bot.bot), "note")
    assert bodies(bot.ok("history", between=[bot.bot, bot.bot])) == ["note"]


def test_history_holds_what_was_said_exactly(bots: Bots) -> None:
    bot = bots()
    body = {"ü": [0.1, -0.0, 2**64 - 1, -(2**63), 1e308, True, None, "\u0000\U0001f600"], "": {}}
    bot.send(str(bot.bot), body, headers={"\u0000": "ä"}, type="t" * 256)
    (message,) = bot.ok("history", between=[bot.bot, bot.bot])["messages"]
    assert message["body"] == body
    assert message["headers"] == {"\u0000": "ä"}
    assert message["type"] == "t" * 256
    assert "reply_to" not in message


def test_tail_shows_messages_as_they_are_committed(bots: Bots) -> None:
    watcher, sender = bots.named(None), bots("sender")
    parked = watcher.parked({"op": "tail", "wait": 60, "bot": None})
    watcher.ok("hello")
    first = sender.send("somebody", 1)
    tailed = parked.reply()["ok"]
    assert [m["seq"] for m in tailed["messages"]] == [first["seq"]]
    sender.send("somebody", 2)
    sender.send("somebody", 3)
    onward = watcher.ok("tail", after=tailed["last_seq"], max=1)
    assert bodies(onward) == [2]
    assert bodies(watcher.ok("tail", after=onward["last_seq"])) == [3]


def test_tail_waits_for_what_it_was_asked_for(bots: Bots) -> None:
    watcher, sender, other = bots.named(None), bots("sender"), bots("other")
    other.ok("hello")
    name = str(sender.bot)
    sender.ok("create_channel", name=name)
    of_channel = watcher.parked({"op": "tail", "wait": 60, "channel": name})
    of_bot = watcher.parked({"op": "tail", "wait": 60, "bot": other.bot})
    watcher.ok("hello")
    sender.send("somebody", "neither")
    sender.publish(name, "published")
    sender.send(str(other.bot), "to the other")
    assert bodies(of_channel.reply()["ok"]) == ["published"]
    assert bodies(of_bot.reply()["ok"]) == ["to the other"]


def test_tail_takes_nothing_and_ends_with_its_wait(bots: Bots) -> None:
    bot = bots()
    bots("sender").send(str(bot.bot), 1)
    last = bot.ok("tail", wait=0.05)
    assert last["messages"] == []
    assert len(bot.fetch()) == 1


def test_the_trail_outlives_a_crash(own: Bots) -> None:
    bot = own()
    receipt = bot.send(str(bot.bot), "on disk")
    (delivery,) = bot.fetch()
    bot.settle("ack", delivery)
    own.daemon.kill()
    own.daemon.start()
    life = bot.ok("show_message", id=receipt["id"])
    assert life["message"]["body"] == "on disk"
    (record,) = life["deliveries"]
    assert record["state"] == "acked"
    assert record["attempts"] == 1
