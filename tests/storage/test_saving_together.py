"""Messages that are saved in one operation: quickly if all are new, else each as if it stood alone."""

from pathlib import Path

import pytest

from botbus_protocol.errors import Fault
from botbus_protocol.grammar import new_id
from botbus_storage.connection import connect_plainly
from botbus_storage.engine import Result, SqliteEngine
from botbus_storage.operations import CreateChannel, Saved, SavedMessages, SavedSingly
from tests.storage.executing import outcome, run
from tests.storage.letters import SENDER, letter, letters


def together(result: Result) -> SavedMessages:
    assert isinstance(result, SavedMessages), result
    return result


def singly(result: Result) -> list[Saved | Fault]:
    assert isinstance(result, SavedSingly), result
    return result.outcomes


def stored(database: Path) -> list[tuple[int, str, str, str]]:
    """Seq, id, recipient and body of all messages."""
    connection = connect_plainly(database)
    try:
        return connection.execute("""
            SELECT m.seq, m.id, coalesce(b.name, m.recipient_channel), m.body
            FROM bot_messages m LEFT JOIN bots b ON b.id = m.recipient_bot_id ORDER BY m.seq
        """).fetchall()
    finally:
        connection.close()


def test_new_messages_follow_each_other(engine: SqliteEngine, database: Path) -> None:
    before, a, b, c, after = (new_id() for _ in range(5))
    several = letters(a, b, c, recipients=["coder", "tester", "coder"])
    _, result, _ = run(engine, letter(id=before), several, letter(id=after))
    assert together(result).first == 2
    assert {to: bot.name for to, bot in together(result).bots.items()} == {
        "coder": "coder",
        "tester": "tester",
    }
    rows = [(1, before, "coder", '{"n":1}'), (2, a, "coder", "0"), (3, b, "tester", "1")]
    assert stored(database) == [*rows, (4, c, "coder", "2"), (5, after, "coder", '{"n":1}')]


def test_they_are_what_single_ones_would_be(engine: SqliteEngine, database: Path) -> None:
    several = letters(new_id(), new_id(), recipients=["coder", "coder"])
    run(engine, several, *[letter(id=new_id())])
    for message in several.singly():
        again = outcome(engine, message)
        assert isinstance(again, Saved)
        assert again.duplicate  # and no conflict: all columns are alike
    assert len(stored(database)) == 3


def test_channels_tell_their_subscribers(engine: SqliteEngine) -> None:
    run(engine, CreateChannel(name="builds", bot_id=SENDER))
    result = outcome(engine, letters(new_id(), recipients=["builds"], published=True))
    assert together(result).subscribers == {"builds": 0}


@pytest.mark.parametrize("published", [False, True])
def test_one_that_is_refused_fails_alone(
    engine: SqliteEngine, database: Path, published: bool
) -> None:
    run(engine, CreateChannel(name="builds", bot_id=SENDER))
    good, bad = ("builds", "nowhere") if published else ("coder", new_id())
    ids = [new_id() for _ in range(3)]
    several = letters(*ids, recipients=[good, bad, good], published=published)
    first, refused, last = singly(outcome(engine, several))
    assert isinstance(refused, Fault)
    assert refused.code == "not_found"
    assert isinstance(first, Saved)
    assert isinstance(last, Saved)
    assert [row[:2] for row in stored(database)] == [(first.seq, ids[0]), (last.seq, ids[2])]


def test_repeats_and_conflicts_are_told_one_by_one(engine: SqliteEngine, database: Path) -> None:
    a, b, c = (new_id() for _ in range(3))
    run(engine, letters(a, b, recipients=["coder", "coder"]))
    again = letters(a, c, b, c, recipients=["coder"] * 4)  # b has another body here, and c two
    repeat, new, conflict, other = singly(outcome(engine, again))
    assert isinstance(repeat, Saved)
    assert (repeat.seq, repeat.duplicate) == (1, True)
    assert isinstance(new, Saved)
    assert (new.seq, new.duplicate) == (3, False)
    for fault in (conflict, other):
        assert isinstance(fault, Fault)
        assert fault.code == "conflict"
    assert [row[1] for row in stored(database)] == [a, b, c]


def test_what_stands_beside_them_is_not_lost(engine: SqliteEngine, database: Path) -> None:
    one = letter()
    run(engine, one)
    result = run(engine, letters(new_id(), new_id(), recipients=["a", "b"]), one, letter())
    assert [type(each) for each in result] == [SavedSingly, Saved, Saved]
    assert [row[0] for row in stored(database)] == [1, 2, 3, 4]
