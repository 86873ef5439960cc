"""The daemon is SIGKILLed again and again under load; at the end every message is accounted for."""

import contextlib
import json
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
from tests.drill.outside import Outside
from tests.drill.producer import CONSUMERS
from tests.drill.worker import STEPS

PRODUCERS = 2
WORKERS = 2
WORKER_TOO = 5
"""Of so many kills of the daemon, one is a worker's as well, which has no time to say anything."""
SECONDS = 60.0
BETWEEN_KILLS = (0.05, 0.4)


class Player:
    """A producer, consumer, worker or starter of runs as a process."""

    def __init__(
        self, kind: str, name: str, daemon: DaemonProcess, notes: Path | None = None
    ) -> None:
        self.name = name
        self.notes = notes or daemon.folder / f"{name}.notes"
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

    def results(self) -> dict[str, list[str]]:
        """What a starter noted: by run, what it returned."""
        words = (line.split(maxsplit=1) for line in self.notes.read_text().splitlines())
        return {run: json.loads(result) for run, result in words}


class Cast:
    """All who play: they are started one after the other, and ended so that nothing is left to do."""

    def __init__(self, daemon: DaemonProcess, stack: contextlib.ExitStack) -> None:
        self.daemon, self._stack = daemon, stack
        self.path = daemon.folder / "outside"
        self.producers = [Player("producer", f"producer{n}", daemon) for n in range(PRODUCERS)]
        self.consumers = [Player("consumer", f"consumer{n}", daemon) for n in range(CONSUMERS)]
        self.workers = [Player("worker", f"worker{n}", daemon, self.path) for n in range(WORKERS)]
        self.starter = Player("starter", "starter", daemon)
        for player in self.in_order():
            stack.callback(player.process.kill)

    def kill_worker(self, number: int) -> None:
        """At once: it has begun steps of which nobody knows whether they were carried out."""
        player = self.workers[number % WORKERS]
        player.process.kill()
        player.process.communicate()

    def replace_worker(self, number: int) -> None:
        """Another takes its place, and its runs."""
        player = Player("worker", f"worker{number % WORKERS}", self.daemon, self.path)
        self._stack.callback(player.process.kill)
        self.workers[number % WORKERS] = player

    def in_order(self) -> list[Player]:
        return [*self.producers, *self.consumers, self.starter, *self.workers]


def drill(folder: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(DaemonProcess(folder))
        with botbus.connect_sync("driller", url=daemon.url) as bus:
            bus.create_channel("drill")
        cast = Cast(daemon, stack)
        for number in range(kills):
            select.select([], [], [], chance.uniform(*BETWEEN_KILLS))  # the load goes on meanwhile
            with_worker = number % WORKER_TOO == 1
            if with_worker:
                cast.kill_worker(number // WORKER_TOO)
            daemon.kill()
            daemon.start()
            if with_worker:
                cast.replace_worker(number // WORKER_TOO)
        for player in cast.in_order():
            player.end()
        assert daemon.stop() == 0
    account(daemon.database, cast.producers, cast.consumers)
    account_for_runs(daemon.database, cast.starter.results(), Outside(cast.path))


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
        bodies = [
            body
            for (body,) in connection.execute(
                "SELECT body FROM bot_messages WHERE sender_bot_name LIKE 'producer%'"
            )  # the daemon's own events may say the same twice: a run crashes twice
        ]
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


def account_for_runs(database: Path, results: dict[str, list[str]], outside: Outside) -> None:
    """Holds what the workers did and were told against what is on the disk."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        ends = dict(connection.execute("SELECT id, status FROM workflow_runs"))
        rows = connection.execute(
            "SELECT run_id, step_id, output FROM workflow_steps WHERE status = 'completed'"
        ).fetchall()
    stored = {(run, step): json.loads(output) for run, step, output in rows}
    assert results, "no run was started"
    assert set(ends.values()) == {"completed"}, "a run is stranded"
    assert len(rows) == len(stored) == len(ends) * len(STEPS), "a step was finished twice, or never"
    assert outside.done_again() == [], "a step was done again after it had been acknowledged"
    assert outside.told() == {step: {value} for step, value in stored.items()}
    done = outside.done()
    assert [step for step in stored if stored[step] not in done[step]] == [], "a result out of air"
    expected = {run: [stored[run, step] for step in STEPS] for run in results}
    assert results == expected, "a run returned something else than its steps"


@pytest.mark.timeout(180)
def test_twenty_kills(tmp_path: Path) -> None:
    drill(tmp_path, 20, seed=20)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_hundred_kills(tmp_path: Path) -> None:
    drill(tmp_path, 200, seed=200)
