"""What is put into a channel, and what is left of it: as a bot is told, and on the disk."""

import sqlite3
from contextlib import closing

from tests.daemon.conftest import unique
from tests.daemon.plain import Plain, new_id
from tests.daemons import DaemonProcess


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
