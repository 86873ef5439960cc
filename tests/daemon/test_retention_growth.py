"""A database that is not to keep everything does not grow for ever, shrinks, and survives a kill."""

import sqlite3
from contextlib import closing

import pytest

from tests.daemon.conftest import Bots
from tests.daemon.contents import bodies, channel_of, on_disk, publish
from tests.daemon.plain import Plain, new_id
from tests.waiting import eventually

SETTINGS = """
[retention]
every_seconds = 0.1
duplicate_seconds = 0.0
channels = [
    { match = "busy-*", max_messages = 1000 },
    { match = "brief-*", max_age_days = 0.000001 },
    { match = "sized-*", max_bytes = 100000 },
]
"""


def pages(own: Bots) -> int:
    (row,) = on_disk(own.daemon, "PRAGMA page_count")
    assert isinstance(row[0], int)
    return row[0]


def rounds(publisher: Plain, reader: Plain, channel: str, count: int) -> None:
    """So many times 100 messages of a kilobyte, each acked by the one who reads them."""
    for _ in range(count):
        letter = {"op": "publish", "channel": channel, "body": "x" * 1000}
        publisher.ask(*({**letter, "id": new_id()} for _ in range(100)))
        deliveries = reader.fetch(max=100)
        acks = ({"op": "ack", "seq": d["message"]["seq"], "lease": d["lease"]} for d in deliveries)
        assert all("ok" in reply for reply in reader.ask(*acks))


@pytest.mark.long
def test_a_steady_load_stops_growing(own: Bots) -> None:
    own.daemon.restart(SETTINGS)
    publisher, reader = own(), own("reader")
    channel = channel_of(publisher, "busy")
    reader.ok("subscribe", channel=channel)
    for _ in range(3):
        rounds(publisher, reader, channel, 80)
        assert pages(own) < 3000  # in the end the bodies alone would fill twice as many
    eventually(lambda: on_disk(own.daemon, "SELECT count(*) FROM bot_messages") == [(1000,)])
    assert on_disk(own.daemon, "SELECT count(*) FROM bot_deliveries") == [(1000,)]


def test_the_file_shrinks_after_a_flood(own: Bots) -> None:
    bot = own()
    channel = channel_of(bot, "brief")
    for _ in range(20):
        publish(bot, channel, *("x" * 20_000 for _ in range(40)))
    bot.send("nobody", "the newest")
    assert pages(own) > 4000
    own.daemon.restart(SETTINGS)  # and now there are rules
    eventually(lambda: pages(own) < 600)
    own.daemon.stop()
    assert own.daemon.database.stat().st_size < 600 * 4096


def test_rules_hold_for_what_was_there_before_them(own: Bots) -> None:
    bot = own()
    busy, sized = channel_of(bot, "busy"), channel_of(bot, "sized")
    for _ in range(11):
        publish(bot, busy, *range(100))
        publish(bot, sized, *("x" * 998 for _ in range(100)))
    bot.send("nobody", "the newest")
    own.daemon.restart(SETTINGS)
    counts = "SELECT count(*) FROM bot_messages GROUP BY recipient_channel ORDER BY 1"
    eventually(lambda: on_disk(own.daemon, counts) == [(1,), (100,), (1000,)])


def test_a_kill_in_the_middle_leaves_whole_messages(own: Bots) -> None:
    own.daemon.restart(SETTINGS)
    publisher, reader = own(), own("reader")
    channel = channel_of(publisher, "busy")
    reader.ok("subscribe", channel=channel)
    for _ in range(3):
        rounds(publisher, reader, channel, 25)
        own.daemon.kill()
        with closing(sqlite3.connect(own.daemon.database)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            orphans = database.execute(
                "SELECT count(*) FROM bot_deliveries d "
                "WHERE NOT EXISTS (SELECT 1 FROM bot_messages m WHERE m.seq = d.seq)"
            )
            assert orphans.fetchone() == (0,)
            (held,) = database.execute("SELECT count(*) FROM bot_messages").fetchone()
            assert held >= 1000
        own.daemon.start()
        publisher, reader = own.named(str(publisher.bot)), own.named(str(reader.bot))
    eventually(lambda: on_disk(own.daemon, "SELECT count(*) FROM bot_messages") == [(1000,)])


def test_seqs_and_cursors_go_on_after_everything_was_deleted(own: Bots) -> None:
    """The newest message of all stays: the next start takes the seq from it."""
    own.daemon.restart(SETTINGS)
    bot, reader = own(), own("reader")
    channel = channel_of(bot, "brief")
    reader.ok("subscribe", channel=channel)
    publish(bot, channel, *range(10))
    deliveries = reader.fetch(max=10)
    for delivery in deliveries:
        reader.settle("ack", delivery)
    eventually(lambda: bodies(bot, channel) == [9])
    newest = deliveries[-1]["message"]["seq"]
    own.daemon.kill()
    own.daemon.start()
    bot, reader = own.named(str(bot.bot)), own.named(str(reader.bot))
    publish(bot, channel, "after")
    (delivery,) = reader.fetch(max=10)
    assert (delivery["message"]["body"], delivery["message"]["seq"]) == ("after", newest + 1)
