"""What one bot uses up is charged to it: past a limit it is told which, and nobody else is refused."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from botbus_daemon.charges.penalties import SECONDS
from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Json, Plain, error_of, new_id
from tests.daemons import DaemonProcess


@pytest.fixture(scope="module")
def settings() -> str:
    return """
        [bot_limits]
        connections = 3
        parked = 4
        mailbox_messages = 15
        sender_messages = 10
        mailbox_bytes = 4000
    """


@pytest.fixture
def limited() -> Iterator[Callable[[str], Bots]]:
    """Starts daemons whose `[bot_limits]` are given; they must have had nothing to log."""
    with ExitStack() as stack:

        def start(limits: str) -> Bots:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bb-")))
            daemon = DaemonProcess(folder, settings=f"[bot_limits]\n{limits}")
            stack.enter_context(daemon)
            bots = Bots(daemon)
            stack.callback(lambda: _ended_well(daemon))
            stack.callback(bots.close)
            return bots

        yield start


def _ended_well(daemon: DaemonProcess) -> None:
    assert daemon.stop() == 0
    assert daemon.log() == ""


def fill(sender: Plain, to: str, count: int, body: object = 1) -> list[str | None]:
    """Sends so many messages in one frame; the codes of the errors."""
    replies = sender.ask(*(sender.letter(to, body) for _ in range(count)))
    return [reply.get("error", {}).get("code") for reply in replies]


def published(bot: Plain, channel: str, body: str) -> str | None:
    """Publishes a message; the code of the error."""
    (reply,) = bot.ask({"op": "publish", "id": new_id(), "channel": channel, "body": body})
    code: str | None = reply.get("error", {}).get("code")
    return code


def refused(bot: Plain, request: Json, limit: str, figure: float) -> Json:
    """The error of a request that must be refused because of a limit."""
    (reply,) = bot.ask(request)
    error = error_of(reply)
    assert error["code"] == "limit"
    assert error["details"]["limit"] == limit
    assert error["details"]["figure"] == figure
    assert error["details"]["retry_after"] > 0
    assert limit in error["message"]
    return error


def settle_all(reader: Plain, count: int) -> None:
    deliveries = reader.fetch()
    assert len(deliveries) == count
    replies = reader.ask(*(reader.verdict("ack", delivery) for delivery in deliveries))
    assert all("ok" in reply for reply in replies)


# Mailboxes


def test_a_sender_is_told_which_limit_it_reached(bots: Bots) -> None:
    flooder, victim = bots("flooder"), str(bots("victim").bot)
    assert fill(flooder, victim, 12) == [None] * 10 + ["limit"] * 2
    error = refused(flooder, flooder.letter(victim), "sender_messages", 10)
    assert victim in error["message"]


def test_others_have_room_until_the_mailbox_is_full(bots: Bots) -> None:
    one, other, victim = bots("one"), bots("other"), str(bots("victim").bot)
    assert fill(one, victim, 10) == [None] * 10
    assert fill(other, victim, 6) == [None] * 5 + ["limit"]
    refused(other, other.letter(victim), "mailbox_messages", 15)
    assert fill(other, str(one.bot), 5) == [None] * 5


def test_bytes_are_counted_too(bots: Bots) -> None:
    one, victim = bots("one"), str(bots("victim").bot)
    assert fill(one, victim, 3, "x" * 1500) == [None, None, "limit"]
    assert fill(one, victim, 1) == [None]
    refused(one, one.letter(victim, "é" * 600), "mailbox_bytes", 4000)


def test_an_ask_is_charged_like_a_message(bots: Bots) -> None:
    one, victim = bots("one"), str(bots("victim").bot)
    assert fill(one, victim, 10) == [None] * 10
    question = {"op": "ask", "id": new_id(), "to": victim, "body": 1, "timeout": 5}
    refused(one, question, "sender_messages", 10)


def test_naming_the_other_by_its_id_does_not_help(bots: Bots) -> None:
    one, victim = bots("one"), bots("victim")
    victim.ok("hello")
    ids = {b["name"]: b["id"] for b in one.ok("list_bots", limit=1000)["bots"]}
    assert fill(one, str(victim.bot), 5) == [None] * 5
    assert fill(one, ids[str(victim.bot)], 6) == [None] * 5 + ["limit"]
    assert fill(one, str(victim.bot), 1) == ["limit"]


def test_an_atomic_frame_that_goes_too_far_leaves_no_trace(bots: Bots) -> None:
    one, victim = bots("one"), bots("victim")
    letters = [one.letter(str(victim.bot), n) for n in range(11)]
    codes = {error_of(reply)["code"] for reply in one.ask(*letters, atomic=True)}
    assert codes == {"limit"}
    assert victim.fetch(wait=0.0) == []
    assert fill(one, str(victim.bot), 10) == [None] * 10


def test_what_is_settled_makes_room_at_once(bots: Bots) -> None:
    sender, reader = bots("sender"), bots("reader")
    for _ in range(10):
        assert fill(sender, str(reader.bot), 10) == [None] * 10
        settle_all(reader, 10)


def test_what_is_recalled_makes_room_too(bots: Bots) -> None:
    sender, reader = bots("sender"), str(bots("reader").bot)
    letters = [sender.letter(reader) for _ in range(10)]
    sender.ask(*letters)
    replies = sender.ask(*({"op": "recall", "id": letter["id"]} for letter in letters))
    assert all("ok" in reply for reply in replies)
    assert fill(sender, reader, 10) == [None] * 10


def test_what_is_given_up_or_too_old_makes_room_too(bots: Bots) -> None:
    sender, reader = bots("sender"), bots("reader")
    to = str(reader.bot)
    short = [sender.letter(to, n, ttl=0.001) for n in range(4)]
    assert all("ok" in reply for reply in sender.ask(*short))
    assert fill(sender, to, 6) == [None] * 6
    for delivery in reader.fetch():
        reader.settle("term", delivery, reason="no use")
    went_through = 0
    while went_through < 10:  # that something is too old is written some milliseconds later
        went_through += fill(sender, to, 1).count(None)


def test_what_is_too_old_makes_room_though_nobody_ever_comes_for_it(bots: Bots) -> None:
    sender, to = bots("sender"), unique("nobody")
    short = [sender.letter(to, n, ttl=0.001) for n in range(10)]
    assert all("ok" in reply for reply in sender.ask(*short))
    went_through = 0
    while went_through < 10:
        went_through += fill(sender, to, 1).count(None)


def test_what_is_handed_out_and_not_settled_takes_room(bots: Bots) -> None:
    sender, reader = bots("sender"), bots("reader")
    assert fill(sender, str(reader.bot), 10) == [None] * 10
    assert len(reader.fetch()) == 10
    assert fill(sender, str(reader.bot), 1) == ["limit"]


def test_a_channel_is_not_stopped_by_a_subscriber_that_sleeps(bots: Bots) -> None:
    writer, sleeper = bots("writer"), bots("sleeper")
    channel = unique("channel")
    writer.ok("create_channel", name=channel)
    sleeper.ok("subscribe", channel=channel)
    for number in range(40):
        writer.publish(channel, number)


def test_a_full_mailbox_is_full_after_a_restart(limited: Callable[[str], Bots]) -> None:
    bots = limited("sender_messages = 10")
    sender, reader = bots("sender"), bots("reader")
    assert fill(sender, str(reader.bot), 10) == [None] * 10
    bots.daemon.kill()
    bots.daemon.start()
    error = refused(sender, sender.letter(str(reader.bot)), "sender_messages", 10)
    settle_all(reader, 10)
    time.sleep(error["details"]["retry_after"])  # as a client that does what it is told
    assert fill(sender, str(reader.bot), 1) == [None]


# Places


def test_a_bot_has_so_many_connections(bots: Bots) -> None:
    name = unique("many")
    first = bots.named(name)
    for connection in (first, bots.named(name), bots.named(name)):
        connection.ok("hello")
    late, other = bots.named(name), bots("other")
    error = refused(late, {"op": "hello"}, "connections", 3)
    assert "close some" in error["message"]
    other.ok("hello")
    first.close()
    watcher = bots.named(None)
    while next(b for b in watcher.ok("list_bots")["bots"] if b["name"] == name)["connections"] > 2:
        pass  # the kernel tells the daemon a moment later
    late.ok("hello")


def test_a_bot_parks_so_many_requests_over_all_its_connections(bots: Bots) -> None:
    name = unique("waiting")
    one, other, stranger = bots.named(name), bots.named(name), bots("stranger")
    assert one.fetch(wait=0.0) == []  # now the mailbox is in memory, and a fetch is parked at once
    parked = [bot.parked({"op": "fetch", "wait": 20.0}) for bot in (one, other, one, other)]
    for bot in (one, other):
        bot.ok("hello")  # in order on its connection: what came before is parked
    refused(one, {"op": "fetch", "wait": 20.0}, "parked", 4)
    assert one.fetch(wait=0.0) == []
    assert stranger.fetch(wait=0.05) == []
    for _ in parked:
        assert fill(stranger, name, 1) == [None]
    assert [len(waiting.reply()["ok"]["deliveries"]) for waiting in parked] == [1] * 4
    again = other.parked({"op": "fetch", "wait": 20.0})
    assert fill(stranger, name, 1) == [None]
    assert len(again.reply()["ok"]["deliveries"]) == 1


# Rate and storage


def test_who_sends_too_fast_is_told_when_to_go_on(limited: Callable[[str], Bots]) -> None:
    bots = limited("messages_per_second = 2.0\nburst_messages = 5")
    one, other = bots("one"), bots("other")
    assert fill(one, str(other.bot), 7) == [None] * 5 + ["limit"] * 2
    error = refused(one, one.letter(str(other.bot)), "messages_per_second", 2.0)
    assert 0 < error["details"]["retry_after"] <= 0.5
    channel = unique("channel")
    one.ok("create_channel", name=channel)
    publish = {"op": "publish", "id": new_id(), "channel": channel, "body": 1}
    refused(one, publish, "messages_per_second", 2.0)
    assert fill(other, str(one.bot), 5) == [None] * 5


def test_who_has_stored_too_much_is_refused_and_nobody_else(
    limited: Callable[[str], Bots],
) -> None:
    bots = limited("stored_bytes = 30_000")
    hoarder, other = bots("hoarder"), bots("other")
    to = str(other.bot)
    channel = unique("channel")
    hoarder.ok("create_channel", name=channel)
    codes = [published(hoarder, channel, "x" * 1000) for _ in range(60)]
    assert 25 <= codes.count(None) <= 40
    refused(hoarder, hoarder.letter(to, "x" * 1000), "stored_bytes", 30_000)
    assert fill(other, str(hoarder.bot), 10, "y" * 1000) == [None] * 10
    bots.daemon.kill()
    bots.daemon.start()
    codes = [fill(hoarder, to, 1, "x" * 1000)[0] for _ in range(100)]
    assert "limit" in codes


# Whoever goes on all the same


def test_who_goes_on_is_not_listened_to_for_a_while_and_others_are(bots: Bots) -> None:
    flooder, other, victim = bots("flooder"), bots("other"), str(bots("victim").bot)
    assert fill(flooder, victim, 10) == [None] * 10
    begun = time.monotonic()
    assert set(fill(flooder, victim, 100)) == {"limit"}
    refused_at = time.monotonic()
    late = flooder.parked(flooder.letter(victim))
    assert fill(other, victim, 1) == [None]
    assert time.monotonic() - begun < 100 * SECONDS
    late.reply()
    assert time.monotonic() - refused_at > 100 * SECONDS / 2


def test_all_connections_of_a_bot_share_its_penalty(bots: Bots) -> None:
    name, victim = unique("flooder"), str(bots("victim").bot)
    one, other = bots.named(name), bots.named(name)
    assert fill(one, victim, 10) == [None] * 10
    assert set(fill(one, victim, 100)) == {"limit"}
    refused_at = time.monotonic()
    assert fill(other, victim, 1) == ["limit"]
    assert fill(other, victim, 1) == ["limit"]
    assert time.monotonic() - refused_at > 100 * SECONDS / 2
