"""The daemon is SIGKILLed again and again under load; at the end every message is accounted for."""

import contextlib
import random
import select
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import botbus
from tests.daemons import DaemonProcess
from tests.drill.producer import CONSUMERS

PRODUCERS = 2
SECONDS = 60.0
BETWEEN_KILLS = (0.05, 0.4)


class Player:
    """A producer or consumer as a process."""

    def __init__(self, kind: str, name: str, daemon: DaemonProcess) -> None:
        self.name = name
        self.notes = daemon.folder / f"{name}.notes"
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"tests.drill.{kind}", daemon.url, name, str(self.notes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "going\n"

    def end(self) -> None:
        """Tells it to come to an end, and waits for that."""
        self.process.communicate("\n", timeout=SECONDS)
        assert self.process.returncode == 0

    def noted(self) -> list[tuple[str, int]]:
        words = (line.split() for line in self.notes.read_text().splitlines())
        return [(message, int(seq)) for message, seq in words]


def drill(folder: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(DaemonProcess(folder))
        with botbus.connect_sync("driller", url=daemon.url) as bus:
            bus.create_channel("drill")
        producers = [Player("producer", f"producer{n}", daemon) for n in range(PRODUCERS)]
        consumers = [Player("consumer", f"consumer{n}", daemon) for n in range(CONSUMERS)]
        for player in [*producers, *consumers]:
            stack.callback(player.process.kill)
        for _ in range(kills):
            select.select([], [], [], chance.uniform(*BETWEEN_KILLS))  # the load goes on meanwhile
            daemon.kill()
            daemon.start()
        for player in [*producers, *consumers]:
            player.end()
        assert daemon.stop() == 0
    account(daemon.database, producers, consumers)


def account(database: Path, producers: list[Player], consumers: list[Player]) -> None:
    """Holds what the players were told against what is on the disk."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        stored = dict(connection.execute("SELECT id, seq FROM bot_messages"))
        fates = {
            (bot, seq): state
            for bot, seq, state in connection.execute(
                "SELECT b.name, d.seq, d.state FROM bot_deliveries d JOIN bots b ON b.id = d.bot_id"
            )
        }
        bodies = [body for (body,) in connection.execute("SELECT body FROM bot_messages")]
        channel = {
            seq
            for (seq,) in connection.execute(
                "SELECT seq FROM bot_messages WHERE recipient_channel = 'drill'"
            )
        }
        direct = Counter(
            connection.execute(
                "SELECT b.name, m.seq FROM bot_messages m JOIN bots b ON b.id = m.recipient_bot_id"
            )
        )
    receipts = [noted for producer in producers for noted in producer.noted()]
    assert receipts, "nothing was sent"
    assert [(i, s) for i, s in receipts if stored.get(i) != s] == [], "acknowledged and lost"
    assert Counter(bodies).most_common(1)[0][1] == 1, "a message that was resent was stored twice"
    for consumer in consumers:
        acked = [seq for _, seq in consumer.noted()]
        assert len(acked) == len(set(acked)), "an acked message was delivered again"
        assert {fates[consumer.name, seq] for seq in acked} == {"acked"}
        meant = channel | {seq for name, seq in direct if name == consumer.name}
        settled = {s for (name, s), state in fates.items() if name == consumer.name}
        assert meant == settled, "a message never reached its consumer"
        open_or_dead = {state for (name, _), state in fates.items() if name == consumer.name} - {
            "acked"
        }
        assert open_or_dead == set()


@pytest.mark.timeout(180)
def test_twenty_kills(tmp_path: Path) -> None:
    drill(tmp_path, 20, seed=20)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_hundred_kills(tmp_path: Path) -> None:
    drill(tmp_path, 200, seed=200)
