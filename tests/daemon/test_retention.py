"""Retention: what the settings let go goes, what somebody has yet to settle stays, and memory agrees."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.daemon.conftest import Bots, unique
from tests.daemon.plain import Plain, new_id
from tests.daemons import DaemonProcess

SECOND = 1 / 86400


@pytest.fixture(scope="module")
def settings() -> str:
    return f"""
[retention]
every_seconds = 0.05
duplicate_seconds = 0.0
direct = {{ max_messages = 3 }}
channels = [
    {{ match = "aged-*", max_age_days = {SECOND} }},
    {{ match = "counted-*", max_messages = 3 }},
    {{ match = "sized-*", max_bytes = 1000 }},
]
"""


def until(condition: Callable[[], bool]) -> None:
    """Waits for what nobody is told: a message is deleted."""
    deadline = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < deadline, "it does not come to pass"
        time.sleep(0.02)


def channel_of(bot: Plain, word: str) -> str:
    name = unique(word)
    bot.ok("create_channel", name=name)
    return name


def publish(bot: Plain, channel: str, *contents: object) -> None:
    """One message for each, in one frame."""
    letters = [{"op": "publish", "id": new_id(), "channel": channel, "body": c} for c in contents]
    assert all("ok" in reply for reply in bot.ask(*letters))


def bodies(bot: Plain, channel: str) -> list[object]:
    """What a channel holds, oldest first."""
    found = bot.ok("history", channel=channel, limit=100)["messages"]
    return [message["body"] for message in reversed(found)]


def on_disk(daemon: DaemonProcess, question: str, *parameters: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True)) as connection:
        return connection.execute(question, parameters).fetchall()


def test_a_channel_is_kept_by_age(bots: Bots) -> None:
    """Nobody polls and nobody writes: the daemon computed when."""
    bot = bots()
    channel = channel_of(bot, "aged")
    publish(bot, channel, 1, 2)
    newest = channel_of(bot, "kept")
    publish(bot, newest, "the newest message of all stays, whatever its age")
    assert bodies(bot, channel) == [1, 2]
    until(lambda: bodies(bot, channel) == [])
    assert len(bodies(bot, newest)) == 1
