"""What waits in the database, counted."""

import sqlite3

import pytest

from botbus_storage.engine import SqliteEngine
from botbus_storage.operations import (
    CreateChannel,
    RecordDelivery,
    SeeBot,
    SeenBot,
    StoredState,
    Subscribe,
)
from botbus_storage.reading import backlog
from botbus_storage.reading.backlog import count_backlog
from tests.storage.executing import run, saved
from tests.storage.letters import SENDER, letter


@pytest.fixture
def connection(engine: SqliteEngine) -> sqlite3.Connection:
    return engine.connection


def bot_id(engine: SqliteEngine, name: str) -> str:
    (seen,) = run(engine, SeeBot(name=name))
    assert isinstance(seen, SeenBot)
    return seen.id


def test_an_empty_database_has_no_backlog(connection: sqlite3.Connection) -> None:
    counted = count_backlog(connection)
    assert (counted.mailboxes, counted.dead_letters, counted.runs) == ([], 0, {})


def test_direct_and_channel_messages_are_counted_together(engine: SqliteEngine) -> None:
    coder = bot_id(engine, "coder")
    run(engine, CreateChannel(name="builds", bot_id=SENDER))
    run(engine, Subscribe(bot_id=coder, channel="builds", start="new"))
    first = saved(run(engine, letter(channel="builds"))[0])
    run(engine, letter(), letter(to="other"))
    fullest, other = count_backlog(engine.connection).mailboxes
    assert (fullest.bot, fullest.pending, fullest.oldest_at) == ("coder", 2, first.timestamp)
    assert (other.bot, other.pending) == ("other", 1)


def test_what_is_handed_out_waits_and_what_is_settled_does_not(engine: SqliteEngine) -> None:
    letters = [saved(result) for result in run(engine, *(letter() for _ in range(4)))]
    coder = letters[0].recipient_id
    assert coder is not None
    states: list[StoredState] = ["acked", "leased", "dead"]
    for message, state in zip(letters, states, strict=False):
        run(engine, RecordDelivery(seq=message.seq, bot_id=coder, state=state, attempts=1))
    counted = count_backlog(engine.connection)
    (mailbox,) = counted.mailboxes
    assert (mailbox.pending, mailbox.oldest) == (2, letters[1].seq)
    assert counted.dead_letters == 1


def test_counting_ends_at_the_cap(engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "CAP", 3)
    run(engine, *(letter() for _ in range(10)))
    (mailbox,) = count_backlog(engine.connection).mailboxes
    assert (mailbox.pending, mailbox.oldest) == (3, 1)


def test_only_indexes_are_read_for_messages(connection: sqlite3.Connection) -> None:
    for statement in (backlog._DIRECT, backlog._CHANNEL):
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", ("a", 0, "a", 10)).fetchall()
        (messages,) = [row[3] for row in plan if " m " in row[3]]
        assert "COVERING INDEX" in messages
        assert "rowid>?" in messages
