"""Pruning: what may go is found by index, and decided anew in the transaction that deletes it."""

import json

from botbus_protocol.grammar import new_id
from botbus_storage.engine import Group, Result, SqliteEngine
from botbus_storage.operations import (
    CreateChannel,
    Operation,
    RecallMessage,
    RecordDelivery,
    SeeBot,
    SeenBot,
    Subscribe,
)
from botbus_storage.reading import deletable
from botbus_storage.reading.deletable import Tally, oldest_deletable, tally
from botbus_storage.retention_operations import FreePages, Guard, Pruned, PruneMessages, Source
from tests.storage.letters import SENDER, letter

CHANNEL = Source(channel="builds")
KEEP, DROP = Guard(), Guard(undelivered="drop")


def run(engine: SqliteEngine, *operations: Operation) -> list[Result]:
    (results,) = engine.execute([Group(operations)])
    return results


def filled(engine: SqliteEngine, count: int = 5) -> None:
    """So many messages in the channel, seqs from 1, and one elsewhere, which is the newest."""
    run(engine, CreateChannel("builds", SENDER), CreateChannel("other", SENDER))
    run(engine, *(letter(channel="builds") for _ in range(count)), letter(channel="other"))


def seen(engine: SqliteEngine) -> str:
    """The id of a bot."""
    (bot,) = run(engine, SeeBot("reader"))
    assert isinstance(bot, SeenBot)
    return bot.id


def offered(engine: SqliteEngine, guard: Guard = KEEP, source: Source = CHANNEL) -> list[int]:
    return [d.seq for d in oldest_deletable(engine.connection, source, guard, 10**9, 100)]


def pruned(engine: SqliteEngine, *seqs: int, guard: Guard = KEEP) -> Pruned:
    (result,) = run(engine, PruneMessages(source=CHANNEL, seqs=seqs, guard=guard))
    assert isinstance(result, Pruned), result
    return result


def test_a_page_of_what_may_go_needs_no_scan_and_no_sort(engine: SqliteEngine) -> None:
    filled(engine)
    for source in (CHANNEL, Source(recipient_id=SENDER)):
        plans: list[str] = []
        for guard in (KEEP, DROP):
            statement = deletable._statement(deletable._OLDEST, source, guard)
            parameters = {"source": "x", "upto": 9, "limit": 9, "dead_before": ""}
            rows = engine.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans += [row[3] for row in rows]
        assert not [line for line in plans if "SCAN" in line or "TEMP B-TREE" in line], plans
        used = "idx_bot_messages_channel" if source.channel else "idx_bot_messages_mailbox"
        assert sum(used in line for line in plans) == 2, plans


def test_messages_are_counted_by_source_in_slices(engine: SqliteEngine) -> None:
    filled(engine)
    upto, tallies = tally(engine.connection, 0, 3)
    assert (upto, tallies) == (4, [Tally(CHANNEL, 4, 4 * len('{"n":1}'))])
    upto, tallies = tally(engine.connection, upto, 3)
    assert (upto, {t.source.channel: t.messages for t in tallies}) == (6, {"builds": 1, "other": 1})
    assert tally(engine.connection, upto, 3) == (6, [])


def test_a_subscriber_who_came_after_the_look_is_not_robbed(engine: SqliteEngine) -> None:
    filled(engine)
    assert offered(engine) == [1, 2, 3, 4, 5]
    run(engine, Subscribe(seen(engine), "builds", 3))
    assert offered(engine) == [1, 2]
    assert pruned(engine, 1, 2, 3, 4, 5).seqs == (1, 2)


def test_what_is_of_another_source_or_gone_is_left_alone(engine: SqliteEngine) -> None:
    filled(engine)
    assert pruned(engine, 5, 6, 7).seqs == (5,)
    assert pruned(engine, 5).seqs == ()


def test_the_newest_message_of_all_is_never_offered(engine: SqliteEngine) -> None:
    filled(engine)
    assert offered(engine, DROP, Source(channel="other")) == []


def test_whoever_loses_something_is_counted_once(engine: SqliteEngine) -> None:
    """Settled, recalled and held deliveries are no loss; open and pending ones are."""
    run(engine, CreateChannel("builds", SENDER))
    bot = seen(engine)
    run(engine, Subscribe(bot, "builds", "first"))
    ids = [new_id() for _ in range(6)]
    run(engine, *(letter(id=each, channel="builds") for each in ids), letter(channel="builds"))
    states = {1: "acked", 2: "waiting", 3: "leased"}
    for seq, state in states.items():
        run(engine, RecordDelivery(seq=seq, bot_id=bot, state=state, attempts=1))  # type: ignore[arg-type] # as given
    run(engine, RecallMessage(ids[3], SENDER))
    done = pruned(engine, *range(1, 8), guard=DROP)
    assert done == Pruned(seqs=(1, 2, 4, 5, 6), undelivered=3)
    rows = engine.connection.execute(
        "SELECT bot_id, channel_name, undelivered, last_seq FROM bot_losses"
    )
    assert rows.fetchall() == [(bot, "builds", 3, 6)]
    for table in ("bot_deliveries", "bot_recalls", "bot_messages"):
        seqs = engine.connection.execute(f"SELECT seq FROM {table} ORDER BY 1").fetchall()
        assert {seq for (seq,) in seqs} <= {3, 7}, table


def test_pages_are_given_back_by_the_number_asked_for(engine: SqliteEngine) -> None:
    filled(engine)
    execute = engine.connection.execute
    assert execute("PRAGMA auto_vacuum").fetchone() == (2,)
    big = json.dumps("x" * 100_000)
    run(engine, *(letter(channel="builds", body=big) for _ in range(10)), letter(channel="other"))
    assert pruned(engine, *range(7, 17)).seqs == tuple(range(7, 17))
    (unused,) = execute("PRAGMA freelist_count").fetchone()
    (freed,) = run(engine, FreePages(20))
    assert freed.count == 20  # type: ignore[union-attr] # it is a Changed
    assert execute("PRAGMA freelist_count").fetchone() == (unused - 20,)
