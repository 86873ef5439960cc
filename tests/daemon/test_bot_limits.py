"""What one bot uses up is charged to it: past a limit it is told which, and nobody else is refused."""

import pytest

from tests.daemon.conftest import Bots
from tests.daemon.plain import Json, Plain


@pytest.fixture(scope="module")
def settings() -> str:
    return "[bot_limits]\nmailbox_messages = 15\nsender_messages = 10\nmailbox_bytes = 4000\n"


def codes(replies: list[Json]) -> list[str | None]:
    return [reply.get("error", {}).get("code") for reply in replies]


def fill(sender: Plain, to: str, count: int, body: object = 1) -> list[str | None]:
    return codes(sender.ask(*(sender.letter(to, body) for _ in range(count))))


def test_a_sender_is_told_which_limit_it_reached(bots: Bots) -> None:
    flooder, victim = bots("flooder"), bots("victim")
    assert fill(flooder, str(victim.bot), 12) == [None] * 10 + ["limit"] * 2
    (reply,) = flooder.ask(flooder.letter(str(victim.bot)))
    error = reply["error"]
    assert error["details"]["limit"] == "sender_messages"
    assert error["details"]["figure"] == 10
    assert error["details"]["retry_after"] > 0
    assert str(victim.bot) in error["message"]


def test_others_have_room_until_the_mailbox_is_full(bots: Bots) -> None:
    one, other, victim = bots("one"), bots("other"), str(bots("victim").bot)
    assert fill(one, victim, 10) == [None] * 10
    assert fill(other, victim, 6) == [None] * 5 + ["limit"]
    (reply,) = other.ask(other.letter(victim))
    assert reply["error"]["details"]["limit"] == "mailbox_messages"


def test_bytes_are_counted_too(bots: Bots) -> None:
    one, victim = bots("one"), str(bots("victim").bot)
    assert fill(one, victim, 3, "x" * 1500) == [None, None, "limit"]


def test_what_is_settled_makes_room(bots: Bots) -> None:
    sender, reader = bots("sender"), bots("reader")
    for _ in range(20):
        assert fill(sender, str(reader.bot), 10) == [None] * 10
        deliveries = reader.fetch()
        assert len(deliveries) == 10
        reader.ask(*(reader.verdict("ack", delivery) for delivery in deliveries))
