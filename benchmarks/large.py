"""Large databases: what starts, publishing and reading cost when there is much already."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.acts import looking, sending
from benchmarks.bodies import TEXT
from benchmarks.course import AT_ONCE, named
from benchmarks.daemons import serving
from benchmarks.database import make_database
from benchmarks.figures import Figures
from benchmarks.stage import Stage

CHUNK = 20_000
"""Rows that are inserted by one statement."""
BOTS = 100
"""Bots that speak in the large history; each with each."""
FIRST = 1_714_000_000
"""When the first row is from, seconds since 1970; a thousand rows a second."""
PAGES = 200


def play_large(stage: Stage, figures: Figures, tell: Callable[[str], None]) -> None:
    with stage.places.room() as room:
        if stage.sizes.large:
            on_large_history(stage, figures, tell, room / "large.db")
        if stage.sizes.listed:
            on_long_lists(stage, figures, tell, room / "lists.db")


def on_large_history(
    stage: Stage, figures: Figures, tell: Callable[[str], None], database: Path
) -> None:
    """Starts on a file of so many bytes; then publishing and reading with more in it."""
    tell(f"building a database of {stage.sizes.large / 1e9:g} GB")
    make_database(database)
    seq = fill_messages(database, lambda _: database.stat().st_size >= stage.sizes.large)
    figures.add({"large.messages.count": seq})
    tell("starts on the large database")
    for _ in range(stage.sizes.starts):
        with serving(database, stage.places.socket()) as daemon:
            figures.add({"start.large.ready": daemon.ready_seconds * 1e3})
    publish(stage, figures, "large", database)
    if stage.sizes.stored:
        tell(f"building a database of {stage.sizes.stored:,} messages")
        seq = fill_messages(database, lambda last: last >= stage.sizes.stored)
        figures.add({"stored.messages.count": seq})
        tell("publishing and reading with so many messages stored")
        with serving(database, stage.places.socket()) as daemon:
            found = stage.first.perform(looking.histories, daemon.url, seq, BOTS, PAGES)
        figures.add(named("stored.history", found))
        publish(stage, figures, "stored", database)


def publish(stage: Stage, figures: Figures, name: str, database: Path) -> None:
    """What it costs to publish now."""
    count = stage.sizes.messages
    with serving(database, stage.places.socket()) as daemon:
        found = stage.first.perform(sending.send, daemon.url, "absent", count, AT_ONCE)
    figures.add(named(f"{name}.send.64", found))


def on_long_lists(
    stage: Stage, figures: Figures, tell: Callable[[str], None], database: Path
) -> None:
    tell(f"pages of {stage.sizes.listed:,} tasks")
    make_database(database)
    with unsafe(database) as connection:
        for first in range(0, stage.sizes.listed, CHUNK):
            last = min(first + CHUNK, stage.sizes.listed)
            connection.execute(_TASKS, {"first": first + 1, "last": last})
    figures.add({"listed.tasks.count": stage.sizes.listed})
    begin, end = FIRST, FIRST + stage.sizes.listed / 1000
    with serving(database, stage.places.socket()) as daemon:
        found = stage.first.perform(looking.lists, daemon.url, begin, end, PAGES)
    figures.add(named("listed.tasks", found))


def fill_messages(database: Path, enough: Callable[[int], bool]) -> int:
    """Adds messages until there are enough, which is told by the last seq; the last seq."""
    with unsafe(database) as connection:
        seq: int = connection.execute(_LAST).fetchone()[0]
        while not enough(seq):
            first, last = seq + 1, seq + CHUNK
            values = {"first": first, "last": last, "body": TEXT, "bots": BOTS, "time": FIRST}
            connection.execute(_MESSAGES, values)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            seq = last
        for number in range(BOTS):
            connection.execute(_BOT, {"number": number})
    return seq


@contextmanager
def unsafe(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection that does not wait for the disk: what is built may be lost."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        yield connection


_LAST = "SELECT coalesce(max(seq), 0) FROM bot_messages"
_BOT = """
    INSERT OR IGNORE INTO bots (id, name, created_at)
    VALUES (printf('018f0000-0000-7000-8000-%012x', :number), printf('bot-%d', :number),
            '2024-01-01T00:00:00.000000Z')
"""
_MESSAGES = """
    WITH RECURSIVE numbers (n) AS (
        VALUES (:first) UNION ALL SELECT n + 1 FROM numbers WHERE n < :last
    )
    INSERT INTO bot_messages (
        seq, id, sender_bot_id, sender_bot_name, recipient_type, recipient_bot_id, message_type,
        body, timestamp, sender_uid, sender_pid)
    SELECT n, printf('018f0000-%04x-7%03x-8000-%012x', n >> 12, n & 4095, n),
           printf('018f0000-0000-7000-8000-%012x', n % :bots), printf('bot-%d', n % :bots), 'direct',
           printf('018f0000-0000-7000-8000-%012x', n / :bots % :bots), 'message', :body,
           strftime('%Y-%m-%dT%H:%M:%S', :time + n / 1000, 'unixepoch')
               || printf('.%06dZ', n % 1000 * 1000),
           0, 1
    FROM numbers
"""
_TASKS = f"""
    WITH RECURSIVE numbers (n) AS (
        VALUES (:first) UNION ALL SELECT n + 1 FROM numbers WHERE n < :last
    ),
    times (n, at) AS (
        SELECT n, strftime('%Y-%m-%dT%H:%M:%S', {FIRST} + n / 1000, 'unixepoch')
                  || printf('.%06dZ', n % 1000 * 1000)
        FROM numbers
    )
    INSERT INTO tasks (
        id, title, task_type, status, workspace_path, created_at, updated_at, completed_at)
    SELECT printf('018f0000-%04x-7%03x-8000-%012x', n >> 12, n & 4095, n), printf('Task %d', n),
           printf('kind-%d', n % 10), iif(n % 3, 'completed', 'pending'),
           printf('/work/%d', n % 20), at, at, iif(n % 3, at, NULL)
    FROM times
"""
