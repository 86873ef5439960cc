"""ttl, delay and deliver_at: when a message is delivered, and when no more."""

from datetime import UTC, datetime, timedelta

from tests.daemon.conftest import Bots
from tests.daemon.plain import Plain


def state(bot: Plain, message_id: str) -> str:
    (record,) = bot.ok("show_message", id=message_id)["deliveries"]
    said: str = record["state"]
    return said


def settled(bot: Plain, message_id: str) -> str:
    """The state once it is no longer pending: that one expired is recorded behind the fetch's back."""
    while (said := state(bot, message_id)) == "pending":
        pass
    return said


def in_seconds(seconds: float) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return moment.isoformat().replace("+00:00", "Z")


def test_an_expired_message_is_kept_and_not_delivered(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    short = sender.send(str(bot.bot), "short", ttl=0.001)
    long = sender.send(str(bot.bot), "long", ttl=60)
    (delivery,) = bot.fetch()
    assert delivery["message"]["id"] == long["id"]
    assert delivery["message"]["expires_at"] > delivery["message"]["timestamp"]
    assert settled(sender, short["id"]) == "expired"
    assert sender.ok("history", between=[sender.bot, bot.bot])["messages"][1]["body"] == "short"


def test_peek_does_not_show_what_expired(bots: Bots) -> None:
    bot = bots()
    bots("sender").send(str(bot.bot), "gone", ttl=0.001)
    assert bot.ok("peek", wait=0.05)["messages"] == []


def test_a_lease_that_outlives_the_ttl_may_still_be_acked(bots: Bots) -> None:
    bot = bots()
    bots("sender").send(str(bot.bot), 1, ttl=0.2)
    (delivery,) = bot.fetch()
    assert bot.fetch(wait=0.3) == []
    assert bot.settle("ack", delivery) == {"kind": "done"}


def test_what_is_given_back_after_its_ttl_is_not_delivered_again(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    receipt = sender.send(str(bot.bot), 1, ttl=0.2)
    (delivery,) = bot.fetch()
    bot.settle("nak", delivery, delay=0.25)
    assert bot.fetch(wait=0.6) == []
    assert state(sender, receipt["id"]) == "expired"


def test_a_delay_holds_a_message_back_and_others_pass(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    late = sender.send(str(bot.bot), "late", delay=0.4)
    sender.send(str(bot.bot), "now")
    (now,) = bot.fetch()
    assert now["message"]["body"] == "now"
    assert state(sender, late["id"]) in {"pending", "waiting"}
    (delivery,) = bot.fetch()
    assert delivery["message"]["body"] == "late"
    assert delivery["attempt"] == 1
    assert in_seconds(0) >= delivery["message"]["deliver_at"]


def test_a_time_may_be_given_in_any_zone(bots: Bots) -> None:
    bot, sender = bots(), bots("sender")
    moment = (datetime.now(UTC) + timedelta(seconds=0.3)).astimezone()
    receipt = sender.send(str(bot.bot), 1, deliver_at=moment.isoformat())
    past = sender.send(str(bot.bot), 2, deliver_at="2001-01-01T02:00:00+02:00")
    assert [d["message"]["seq"] for d in bot.fetch()] == [past["seq"]]
    (delivery,) = bot.fetch()
    assert delivery["message"]["seq"] == receipt["seq"]
    assert delivery["message"]["deliver_at"].endswith("Z")


def test_a_delay_counts_for_every_subscriber(bots: Bots) -> None:
    sender, subscribers = bots("sender"), [bots() for _ in range(2)]
    name = str(sender.bot)
    sender.ok("create_channel", name=name)
    for bot in subscribers:
        bot.ok("subscribe", channel=name)
    sender.publish(name, "later", delay=0.2)
    for bot in subscribers:
        assert [d["message"]["body"] for d in bot.fetch()] == ["later"]


def test_delays_and_ttls_outlive_a_crash(own: Bots) -> None:
    bot, sender = own(), own("sender")
    name = str(bot.bot)
    sender.send(name, "far", delay=3600)
    sender.send(name, "soon", deliver_at=in_seconds(1.0))
    expired = sender.send(name, "expired", ttl=0.001)
    own.daemon.kill()
    own.daemon.start()
    assert [d["message"]["body"] for d in bot.fetch(wait=10)] == ["soon"]
    assert bot.fetch(wait=0) == []
    assert settled(sender, expired["id"]) == "expired"


def test_ten_years_are_not_too_long(bots: Bots) -> None:
    bot = bots()
    bots("sender").send(str(bot.bot), 1, delay=10 * 365 * 86400, ttl=10 * 366 * 86400)
    bots("sender").send(str(bot.bot), 2, deliver_at="9999-12-31T23:59:59Z")
    assert bot.fetch(wait=0.1) == []
