"""What retention takes from those who had not settled it is counted, and never taken from a holder."""

import time

from tests.daemon.conftest import Bots
from tests.daemon.contents import bodies, channel_of, on_disk, publish
from tests.daemon.plain import Plain
from tests.waiting import eventually

DROP = """
[retention]
every_seconds = {every}
duplicate_seconds = {duplicate}
dead_letter_days = {dead}
channels = [{{ match = "dropped-*", max_messages = 3, undelivered = "drop" }}]
direct = {{ max_messages = 3, undelivered = "drop" }}
"""


def configure(own: Bots, *, duplicate: float = 0.0, dead: float = 0.0, every: float = 0.05) -> None:
    """Starts the daemon anew, with retention that drops."""
    own.daemon.restart(DROP.format(duplicate=duplicate, dead=dead, every=every))


def losses(own: Bots, bot: Plain) -> list[tuple[object, ...]]:
    return on_disk(
        own.daemon,
        "SELECT channel_name, undelivered, dead FROM bot_losses l JOIN bots b ON b.id = l.bot_id "
        "WHERE b.name = ? ORDER BY 1",
        bot.bot,
    )


def test_an_offline_subscriber_loses_the_oldest_and_goes_on_with_the_rest(own: Bots) -> None:
    configure(own)
    bot, offline = own(), own("offline")
    channel = channel_of(bot, "dropped")
    offline.ok("subscribe", channel=channel)
    publish(bot, channel, *range(10))
    bot.send("nobody", "the newest")
    eventually(lambda: bodies(bot, channel) == [7, 8, 9])
    assert losses(own, offline) == [(channel, 7, 0)]
    assert f"{channel}: the settings of retention took 7 deliveries" in own.daemon.log()
    assert [d["message"]["body"] for d in offline.fetch(max=10)] == [7, 8, 9]


def test_what_a_mailbox_holds_in_memory_goes_too(own: Bots) -> None:
    configure(own, every=2.0)  # late enough for the fetch
    bot, reader = own(), own("reader")
    channel = channel_of(bot, "dropped")
    reader.ok("subscribe", channel=channel)
    publish(bot, channel, *range(10))
    (held,) = reader.fetch(max=1)  # the rest is gathered
    eventually(lambda: bodies(bot, channel) == [0, 8, 9])
    reader.settle("ack", held)
    assert [d["message"]["body"] for d in reader.fetch(max=10)] == [8, 9]
    assert losses(own, reader) == [(channel, 7, 0)]


def test_what_waits_for_another_attempt_is_counted_too(own: Bots) -> None:
    configure(own)
    bot, reader = own(), own("reader")
    for body in range(4):
        bot.send(str(reader.bot), body)
    for delivery in reader.fetch(max=10):
        reader.settle("nak", delivery, delay=3600)
    bot.send(str(reader.bot), "new")
    bot.send("nobody", "the newest")
    eventually(lambda: losses(own, reader) == [("", 2, 0)])
    (delivery,) = reader.fetch(max=10)
    assert delivery["message"]["body"] == "new"


def test_a_dead_letter_goes_when_it_is_old_and_is_counted(own: Bots) -> None:
    configure(own, dead=1 / 86400)
    bot, reader = own(), own("reader")
    channel = channel_of(bot, "dropped")
    reader.ok("subscribe", channel=channel)
    publish(bot, channel, *range(3))
    first, *rest = reader.fetch(max=10)
    reader.settle("term", first, reason="broken")
    for delivery in rest:
        reader.settle("ack", delivery)
    time.sleep(1.2)  # until it is old enough; then something has to happen
    publish(bot, channel, 3)
    eventually(lambda: losses(own, reader) == [(channel, 0, 1)])


def test_a_repeat_is_recognised_for_as_long_as_the_settings_say(own: Bots) -> None:
    """Younger messages stay, whatever the limits; once one is gone its id is a new one."""
    configure(own, duplicate=1.0)
    bot = own()
    channel = channel_of(bot, "dropped")
    first = bot.letter("reader", 0)
    receipt = bot.ask(first)[0]["ok"]
    publish(bot, channel, *range(10))
    for body in range(1, 10):
        bot.send("reader", body)
    again = bot.ask(first)[0]["ok"]
    assert (again["seq"], again["duplicate"]) == (receipt["seq"], True)
    assert bodies(bot, channel) == list(range(10))
    eventually(lambda: bodies(bot, channel) == [7, 8, 9])
    eventually(lambda: on_disk(own.daemon, "SELECT * FROM bot_messages WHERE body = '0'") == [])
    anew = bot.ask(first)[0]["ok"]
    assert (anew["seq"] > receipt["seq"], anew.get("duplicate", False)) == (True, False)
