"""Retention: what the settings let go goes, what is not settled stays, and memory agrees."""

import pytest

from tests.daemon.conftest import Bots, unique
from tests.daemon.contents import bodies, channel_of, on_disk, publish
from tests.daemon.plain import Plain
from tests.waiting import eventually

SECOND = 1 / 86400


@pytest.fixture(scope="module")
def settings() -> str:
    return f"""
[retention]
every_seconds = 0.05
duplicate_seconds = 0.0
connections = 3
direct = {{ max_messages = 3 }}
channels = [
    {{ match = "aged-*", max_age_days = {SECOND} }},
    {{ match = "counted-*", max_messages = 3 }},
    {{ match = "sized-*", max_bytes = 1000 }},
]
"""


def test_a_channel_is_kept_by_age(bots: Bots) -> None:
    """Nobody polls and nobody writes: the daemon computed when."""
    bot = bots()
    channel = channel_of(bot, "aged")
    publish(bot, channel, 1, 2)
    newest = channel_of(bot, "kept")
    publish(bot, newest, "the newest message of all stays, whatever its age")
    assert bodies(bot, channel) == [1, 2]
    eventually(lambda: bodies(bot, channel) == [])
    assert len(bodies(bot, newest)) == 1


def test_a_channel_is_kept_by_number(bots: Bots) -> None:
    bot = bots()
    channel, last = channel_of(bot, "counted"), channel_of(bot, "kept")
    publish(bot, channel, *range(20))
    publish(bot, last, "the newest")
    eventually(lambda: bodies(bot, channel) == [17, 18, 19])
    publish(bot, channel, 20)
    publish(bot, last, "the newest")
    eventually(lambda: bodies(bot, channel) == [18, 19, 20])


def test_a_channel_is_kept_by_size(bots: Bots) -> None:
    bot = bots()
    channel = channel_of(bot, "sized")
    publish(bot, channel, *("x" * 298 for _ in range(10)))  # 300 bytes each, as JSON
    eventually(lambda: len(bodies(bot, channel)) == 3)


def test_direct_messages_are_kept_by_recipient(bots: Bots) -> None:
    sender, one, other = bots(), bots("one"), bots("other")
    for body in range(6):
        sender.send(str(one.bot), body)
        sender.send(str(other.bot), body)
    deliveries = one.fetch(max=10)
    one.ask(*({"op": "ack", "seq": d["message"]["seq"], "lease": d["lease"]} for d in deliveries))

    def held(bot: Plain) -> list[object]:
        between = [sender.bot, bot.bot]
        found = sender.ok("history", between=between, limit=100)["messages"]
        return [message["body"] for message in reversed(found)]

    eventually(lambda: held(one) == [3, 4, 5])
    assert held(other) == [0, 1, 2, 3, 4, 5]  # nobody has settled them
    assert [d["message"]["body"] for d in other.fetch(max=10)] == [0, 1, 2, 3, 4, 5]


def test_what_an_offline_subscriber_has_not_had_stays(bots: Bots) -> None:
    bot, offline = bots(), bots("offline")
    channel = channel_of(bot, "counted")
    offline.ok("subscribe", channel=channel)
    publish(bot, channel, *range(10))
    swept(bots)
    assert bodies(bot, channel) == list(range(10))
    deliveries = offline.fetch(max=10)
    assert [d["message"]["body"] for d in deliveries] == list(range(10))
    held, *rest = deliveries
    for delivery in rest:
        offline.settle("ack", delivery)
    eventually(lambda: bodies(bot, channel) == [0, 8, 9])  # the first is held
    offline.settle("ack", held)
    publish(bot, channel, 10)
    (last,) = offline.fetch()
    offline.settle("ack", last)
    eventually(lambda: bodies(bot, channel) == [8, 9, 10])


def test_a_dead_letter_keeps_its_message_until_it_is_dropped(bots: Bots) -> None:
    bot, reader = bots(), bots("reader")
    channel = channel_of(bot, "counted")
    reader.ok("subscribe", channel=channel)
    publish(bot, channel, *range(10))
    first, *rest = reader.fetch(max=10)
    reader.settle("term", first, reason="broken")
    for delivery in rest:
        reader.settle("ack", delivery)
    eventually(lambda: bodies(bot, channel) == [0, 8, 9])
    reader.ok("drop_dead", bot=reader.bot)
    publish(bot, channel, 10)
    (last,) = reader.fetch()
    reader.settle("ack", last)
    eventually(lambda: bodies(bot, channel) == [8, 9, 10])


def test_everything_of_a_message_goes_with_it(bots: Bots) -> None:
    bot, reader = bots(), bots("reader")
    channel = channel_of(bot, "counted")
    reader.ok("subscribe", channel=channel)
    publish(bot, channel, *range(10))
    deliveries = reader.fetch(max=10)
    seqs = [delivery["message"]["seq"] for delivery in deliveries]
    for delivery in deliveries:
        reader.settle("ack", delivery)
    eventually(lambda: len(bodies(bot, channel)) == 3)
    left = on_disk(
        bots.daemon, "SELECT seq FROM bot_deliveries WHERE seq BETWEEN ? AND ?", seqs[0], seqs[-1]
    )
    assert [seq for (seq,) in left] == seqs[-3:]


def test_a_new_subscriber_is_handed_nothing_that_is_deleted(bots: Bots) -> None:
    """Memory forgets with the disk: the stream has a reader, so it holds a tail."""
    bot, reader, late = bots(), bots("reader"), bots("late")
    channel = channel_of(bot, "counted")
    reader.ok("subscribe", channel=channel)
    assert reader.fetch(wait=0.01) == []
    publish(bot, channel, *range(10))
    deliveries = reader.fetch(max=10)
    for delivery in deliveries:
        reader.settle("ack", delivery)
    eventually(lambda: bodies(bot, channel) == [7, 8, 9])
    late.fetch(wait=0.01)
    late.ok("subscribe", channel=channel, start=deliveries[0]["message"]["seq"])
    assert [d["message"]["body"] for d in late.fetch(max=10)] == [7, 8, 9]


def test_clients_that_are_gone_are_forgotten(bots: Bots) -> None:
    for _ in range(6):
        one = Plain(bots.daemon, unique("passing"))
        one.send("reader", 1)
        one.close()
    inactive = "SELECT count(*) FROM connections WHERE is_active = 0"
    eventually(lambda: on_disk(bots.daemon, inactive) == [(3,)])


def swept(bots: Bots) -> None:
    """Returns when the daemon has looked at everything that was written before."""
    bot = bots("witness")
    channel = channel_of(bot, "counted")
    publish(bot, channel, 1, 2, 3, 4)
    eventually(lambda: bodies(bot, channel) == [2, 3, 4])
