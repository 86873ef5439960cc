"""The engine: many operations in one commit, each succeeding or failing by itself."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from botbus_protocol.errors import Fault
from botbus_storage.connection import connect_plainly
from botbus_storage.engine import EXECUTORS, Group, Result, SqliteEngine
from botbus_storage.operations import (
    BeginBoot,
    Changed,
    CreateChannel,
    Operation,
    RecallMessage,
    RecordDelivery,
    Saved,
    SeeBot,
    SeenBot,
    SettleUnknown,
    Subscribe,
    TryWriting,
)
from tests.storage.executing import run, saved
from tests.storage.letters import SENDER, letter


def fault(result: Result) -> Fault:
    assert isinstance(result, Fault), result
    return result


def in_trouble(engine: SqliteEngine) -> bool:
    return engine.trouble is not None


def count(database: Path) -> int:
    connection = sqlite3.connect(database)
    try:
        return int(connection.execute("SELECT count(*) FROM bot_messages").fetchone()[0])
    finally:
        connection.close()


def test_every_operation_has_an_executor() -> None:
    assert set(EXECUTORS) == set(Operation.__subclasses__())


def test_messages_get_their_seq_in_the_order_of_the_batch(engine: SqliteEngine) -> None:
    first = run(engine, letter(), letter(), letter())
    (second, third) = engine.execute([Group([letter()]), Group([letter()])])
    seqs = [saved(r).seq for r in (*first, *second, *third)]
    assert seqs == [1, 2, 3, 4, 5]


def test_the_order_goes_on_after_the_database_is_opened_again(
    engine: SqliteEngine, database: Path
) -> None:
    run(engine, letter(), letter())
    connection = connect_plainly(database)
    again = SqliteEngine(connection)
    assert saved(run(again, letter())[0]).seq == 3
    connection.close()


def test_a_refused_operation_fails_alone(engine: SqliteEngine, database: Path) -> None:
    results = run(engine, letter(), letter(channel="nowhere"), letter())
    assert saved(results[0]).seq == 1
    assert fault(results[1]).code == "not_found"
    assert "create it first" in fault(results[1]).message
    assert saved(results[2]).seq == 2
    assert count(database) == 2


def test_a_repeat_gives_the_first_receipt(engine: SqliteEngine, database: Path) -> None:
    original = letter()
    first = saved(run(engine, original)[0])
    results = run(engine, letter(), original, letter())
    assert saved(results[1]) == Saved(
        id=first.id,
        seq=first.seq,
        timestamp=first.timestamp,
        duplicate=True,
        recipient_id=first.recipient_id,
        recipient_name="coder",
        known=False,
    )
    assert not saved(results[0]).duplicate
    assert not saved(results[2]).duplicate
    assert count(database) == 3


def test_a_repeat_within_one_batch_is_stored_once(engine: SqliteEngine, database: Path) -> None:
    original = letter()
    results = run(engine, original, original)
    assert saved(results[0]).seq == saved(results[1]).seq
    assert [saved(r).duplicate for r in results] == [False, True]
    assert count(database) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"body": "2"},
        {"to": "tester"},
        {"type": "other"},
        {"headers": '{"a":"b"}'},
        {"sender_id": "someone"},
        {"channel": "builds"},
    ],
)
def test_the_same_id_with_other_content_is_a_conflict(
    engine: SqliteEngine, database: Path, other: dict[str, str]
) -> None:
    run(engine, CreateChannel(name="builds", bot_id=SENDER))
    original = letter()
    run(engine, original)
    results = run(engine, letter(id=original.id, **other), letter())
    assert fault(results[0]).code == "conflict"
    assert saved(results[1]).duplicate is False
    assert count(database) == 2


def test_the_order_of_keys_in_a_body_is_no_conflict(engine: SqliteEngine) -> None:
    original = letter(body='{"a":1,"b":2}')
    run(engine, original)
    again = saved(run(engine, letter(id=original.id, body='{"b":2,"a":1}'))[0])
    assert again.duplicate


def test_an_atomic_group_is_all_or_nothing(engine: SqliteEngine, database: Path) -> None:
    results = run(engine, letter(), letter(channel="nowhere"), letter(), atomic=True)
    assert [fault(r).details for r in results] == [
        {"channel": "nowhere", "failed_request": 1},
    ] * 3
    assert count(database) == 0
    done = run(engine, letter(), letter(), atomic=True)
    assert [saved(r).seq for r in done] == [1, 2]


def test_an_atomic_group_that_fails_leaves_its_neighbours_alone(
    engine: SqliteEngine, database: Path
) -> None:
    before, broken, after = engine.execute(
        [
            Group([letter(to="new-bot")]),
            Group([letter(to="ghost"), letter(channel="nowhere")], atomic=True),
            Group([letter(to="new-bot"), SeeBot(name="ghost")]),
        ]
    )
    assert isinstance(saved(before[0]), Saved)
    assert all(fault(r).code == "not_found" for r in broken)
    assert saved(after[0]).seq == 2
    assert isinstance(after[1], SeenBot)
    assert count(database) == 2


def test_a_repeat_in_an_atomic_group_has_its_effect_once(
    engine: SqliteEngine, database: Path
) -> None:
    first, second = letter(), letter()
    run(engine, first, second, atomic=True)
    results = run(engine, first, second, atomic=True)
    assert [saved(r).duplicate for r in results] == [True, True]
    assert count(database) == 2


def test_a_message_to_an_unknown_id_is_refused_and_makes_no_bot(engine: SqliteEngine) -> None:
    refused = fault(run(engine, letter(to=letter().id))[0])
    assert (refused.code, "no bot with the id" in refused.message) == ("not_found", True)


def test_a_bot_is_known_once_it_was_seen(engine: SqliteEngine) -> None:
    assert saved(run(engine, letter())[0]).known is False
    (seen,) = run(engine, SeeBot(name="coder"))
    assert isinstance(seen, SeenBot)
    by_name, by_id = run(engine, letter(), letter(to=seen.id))
    assert saved(by_name).known
    assert saved(by_id).recipient_id == saved(by_name).recipient_id == seen.id


def test_the_time_of_messages_never_goes_back(database: Path) -> None:
    times = iter([2_000_000_000.0, 1_000_000_000.0, 2_000_000_001.0])
    connection = connect_plainly(database)
    engine = SqliteEngine(connection, lambda: next(times))
    stamps = [saved(run(engine, letter())[0]).timestamp for _ in range(3)]
    assert stamps == sorted(stamps)
    assert stamps[0] == stamps[1]
    connection.close()


def test_a_full_disk_fails_the_batch_and_reading_goes_on(
    engine: SqliteEngine, database: Path
) -> None:
    run(engine, letter())
    pages = engine.connection.execute("PRAGMA page_count").fetchone()[0]
    engine.connection.execute(f"PRAGMA max_page_count = {pages}")
    big = [letter(body=f'"{"x" * 5000}"') for _ in range(20)]
    assert {fault(r).code for r in run(engine, *big)} == {"storage_full"}
    assert in_trouble(engine)
    assert count(database) == 1
    engine.connection.execute("PRAGMA max_page_count = 1000000")
    run(engine)
    assert in_trouble(engine), "an empty transaction writes nothing"
    assert saved(run(engine, letter())[0]).seq == 2
    assert not in_trouble(engine)


def test_writing_can_be_tried_and_changes_nothing(engine: SqliteEngine, database: Path) -> None:
    run(engine, BeginBoot(version="1", pid=7))
    rows = engine.connection.execute("SELECT * FROM daemon_starts").fetchall()
    wal = database.with_name(f"{database.name}-wal")
    before = wal.stat().st_size
    assert run(engine, TryWriting()) == [Changed(changed=False)]
    assert wal.stat().st_size > before
    assert engine.connection.execute("SELECT * FROM daemon_starts").fetchall() == rows


def test_what_the_schema_refuses_fails_alone(engine: SqliteEngine, database: Path) -> None:
    results = run(engine, letter(), letter(body="not json"), letter())
    assert saved(results[0]).seq == 1
    assert fault(results[1]).code == "internal"
    assert count(database) == 2


def test_what_the_schema_refuses_at_the_end_of_an_atomic_group_undoes_all_of_it(
    engine: SqliteEngine, database: Path
) -> None:
    made, refused = CreateChannel(name="half", bot_id=SENDER), letter(body="no json")
    assert fault(run(engine, made, refused, atomic=True)[0]).code == "internal"
    assert saved(run(engine, letter())[0]).seq == 1
    assert fault(run(engine, letter(channel="half"))[0]).code == "not_found"
    assert count(database) == 1


def test_a_final_state_is_never_overwritten(engine: SqliteEngine) -> None:
    message = saved(run(engine, letter())[0])
    assert message.recipient_id is not None
    acked = RecordDelivery(seq=1, bot_id=message.recipient_id, state="acked", attempts=1)
    late = RecordDelivery(seq=1, bot_id=message.recipient_id, state="leased", attempts=2)
    run(engine, acked)
    run(engine, late)
    rows = engine.connection.execute("SELECT state, attempts FROM bot_deliveries").fetchall()
    assert rows == [("acked", 1)]


def settle(bot_id: str, lease: str, *, earlier: bool = True, seq: int = 1) -> SettleUnknown:
    return SettleUnknown(seq=seq, bot_id=bot_id, lease=lease, state="acked", vouched=earlier)


def test_a_lease_nobody_remembers(engine: SqliteEngine) -> None:
    bot = saved(run(engine, letter())[0]).recipient_id
    assert bot is not None
    assert fault(run(engine, settle(bot, "2.1", earlier=False))[0]).code == "not_found"
    assert fault(run(engine, settle(bot, "1.1", seq=99))[0]).code == "not_found"
    assert fault(run(engine, settle(SENDER, "1.1"))[0]).code == "not_found"
    run(engine, RecordDelivery(seq=1, bot_id=bot, state="leased", attempts=1, lease="1.7"))
    assert fault(run(engine, settle(bot, "1.6"))[0]).code == "lease_lost"
    first, repeat = run(engine, settle(bot, "1.7"), settle(bot, "1.7"))
    assert (first, repeat) != (repeat, first)
    assert fault(run(engine, settle(bot, "1.8"))[0]).code == "lease_lost"


def test_recall(engine: SqliteEngine) -> None:
    one, two = letter(), letter()
    results = run(engine, one, two)
    bot = saved(results[0]).recipient_id
    assert bot is not None
    run(engine, RecordDelivery(seq=2, bot_id=bot, state="leased", attempts=1, lease="1.1"))
    assert fault(run(engine, RecallMessage(id=one.id, sender_id=bot))[0]).code == "denied"
    assert fault(run(engine, RecallMessage(id=two.id, sender_id=SENDER))[0]).code == (
        "illegal_state"
    )
    assert fault(run(engine, RecallMessage(id=SENDER, sender_id=SENDER))[0]).code == "not_found"
    (recalled,) = run(engine, RecallMessage(id=one.id, sender_id=SENDER))
    (again,) = run(engine, RecallMessage(id=one.id, sender_id=SENDER))
    assert (recalled, again) != (again, recalled)


def test_publishing_writes_one_row_whatever_the_number_of_subscribers(
    engine: SqliteEngine,
) -> None:
    run(engine, CreateChannel(name="builds", bot_id=SENDER))
    for number in range(50):
        (seen,) = run(engine, SeeBot(name=f"bot-{number}"))
        assert isinstance(seen, SeenBot)
        run(engine, Subscribe(bot_id=seen.id, channel="builds", start="new"))
    before = engine.connection.total_changes
    receipt = saved(run(engine, letter(channel="builds"))[0])
    assert receipt.subscribers == 50
    assert engine.connection.total_changes - before == 1


LETTERS = [letter(), letter(), letter(channel="nowhere"), letter(body="broken"), letter(to="x-y")]


def kinds(results: list[Result]) -> list[str | bool]:
    return [r.code if isinstance(r, Fault) else saved(r).duplicate for r in results]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(picks=st.lists(st.integers(0, len(LETTERS) - 1), max_size=12), cut=st.integers(1, 12))
def test_how_operations_are_batched_makes_no_difference(
    database: Path, picks: list[int], cut: int
) -> None:
    operations = [LETTERS[pick] for pick in picks]
    expected: list[str | bool] = []
    for index, pick in enumerate(picks):
        broken = {2: "not_found", 3: "internal"}.get(pick)
        expected.append(broken if broken is not None else pick in picks[:index])
    connection = connect_plainly(database)
    connection.execute("DELETE FROM bot_messages")
    engine = SqliteEngine(connection)
    groups = [Group(operations[i : i + cut]) for i in range(0, len(operations), cut)]
    results = [result for group in engine.execute(groups) for result in group]
    assert kinds(results) == expected
    connection.close()
