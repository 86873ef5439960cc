"""What is measured once in a run: idle bots, crashes, and starts on an empty and a large database."""

import resource
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import botbus_migrations
from benchmarks import crashes
from benchmarks.acts import idling, sending
from benchmarks.bodies import TEXT
from benchmarks.course import AT_ONCE, named
from benchmarks.daemons import serving
from benchmarks.figures import Figures, Measured
from benchmarks.players import player
from benchmarks.stage import Stage
from botbus_storage.migrator import Migrator

CROWDS = 4
"""Processes that the idle bots live in."""
SETTLING = 1.0
"""Seconds between the last connection and the first look at the daemon."""
CHUNK = 20_000
"""Rows of the large database that are inserted by one statement."""


def play_once(stage: Stage, figures: Figures, tell: Callable[[str], None]) -> None:
    tell(f"{stage.sizes.bots} idle bots")
    figures.add(idle_bots(stage))
    tell("starts on an empty database")
    for _ in range(stage.sizes.starts):
        with stage.daemon() as daemon:
            figures.add({"start.empty.ready": daemon.ready_seconds * 1e3})
    tell("workers that are killed")
    figures.add(crashes.kills(stage))
    tell(f"starts on {stage.sizes.interrupted} interrupted runs")
    figures.add({"interrupted.runs.count": stage.sizes.interrupted})
    for _ in range(stage.sizes.starts):
        figures.add(crashes.start_on_runs(stage))
    if stage.sizes.large:
        large_database(stage, figures, tell)


def idle_bots(stage: Stage) -> Measured:
    """Memory of the daemon before and after they came, and its work while nothing happens."""
    raise_file_limit(stage.sizes.bots * 2 + 256)
    with ExitStack() as stack:
        daemon = stack.enter_context(stage.daemon())
        before = daemon.rss()
        for crowd in range(CROWDS):
            bots = [f"idle-{number}" for number in range(crowd, stage.sizes.bots, CROWDS)]
            stack.enter_context(player()).begin(idling.idle, daemon.url, bots)
        time.sleep(SETTLING)
        used = daemon.cpu_seconds()
        time.sleep(stage.sizes.quiet)
        return {
            "idle.bots.count": stage.sizes.bots,
            "idle.before.rss": before,
            "idle.after.rss": daemon.rss(),
            "idle.quiet.busy": daemon.cpu_seconds() - used,
        }


def raise_file_limit(wanted: int) -> None:
    """Lets this process and its children open so many files, as far as that is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def large_database(stage: Stage, figures: Figures, tell: Callable[[str], None]) -> None:
    """Starts on a large database, and what publishing costs on it."""
    with stage.places.room() as room:
        tell(f"building a database of {stage.sizes.large / 1e9:g} GB")
        database = room / "large.db"
        figures.add({"large.messages.count": build(database, stage.sizes.large)})
        tell("starts on the large database")
        for _ in range(stage.sizes.starts):
            with serving(database, stage.places.socket()) as daemon:
                figures.add({"start.large.ready": daemon.ready_seconds * 1e3})
        count = stage.sizes.messages
        with serving(database, stage.places.socket()) as daemon:
            found = stage.first.perform(sending.send, daemon.url, "absent", count, AT_ONCE)
            figures.add(named("large.send.64", found))


def build(database: Path, size: int) -> int:
    """Fills a new database with messages up to a size in bytes; how many they are."""
    Migrator(database, botbus_migrations.FOLDER).run()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        seq = 0
        while database.stat().st_size < size:
            connection.execute("BEGIN")
            connection.execute(_FILL, {"first": seq + 1, "last": seq + CHUNK, "body": TEXT})
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            seq += CHUNK
    return seq


_FILL = """
    WITH RECURSIVE numbers (n) AS (
        VALUES (:first) UNION ALL SELECT n + 1 FROM numbers WHERE n < :last
    )
    INSERT INTO bot_messages (
        seq, id, sender_bot_id, sender_bot_name, recipient_type, recipient_bot_id, message_type,
        body, timestamp, sender_uid, sender_pid)
    SELECT n, printf('018f0000-%04x-7%03x-8000-%012x', n >> 12, n & 4095, n),
           printf('018f0000-0000-7000-8000-%012x', n % 100), printf('bot-%d', n % 100), 'direct',
           printf('018f0000-0000-7000-8000-%012x', n / 100 % 100), 'message', :body,
           strftime('%Y-%m-%dT%H:%M:%S', 1714000000 + n / 1000, 'unixepoch')
               || printf('.%06dZ', n % 1000 * 1000),
           0, 1
    FROM numbers
"""
