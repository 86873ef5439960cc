"""A run applies what is pending, once, in order, and writes down what it did."""

import logging
import sqlite3
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from botbus_protocol import __version__
from botbus_protocol.timestamps import parse_time
from botbus_storage.migrator import MigrationError, Migrator
from tests.migrations.databases import Bench, objects

A = "CREATE TABLE a (x TEXT NOT NULL) STRICT;\n"
B = "CREATE TABLE b (y INTEGER);\nINSERT INTO a VALUES ('from b');\n"


def test_a_fresh_database_gets_everything_in_order(bench: Bench) -> None:
    bench.write(_0001_a__up=A, _0002_b__up=B)
    report = bench.migrator().run()
    assert [(done.version, done.title) for done in report.done] == [(1, "0001_a"), (2, "0002_b")]
    assert (report.version, report.backup) == (2, None)
    assert bench.query("SELECT x FROM a") == [("from b",)]
    assert bench.files() == {"bot.db"}


def test_the_history_tells_what_was_applied(bench: Bench) -> None:
    bench.write(_0001_a__up=A, _0002_b__up=B)
    before = datetime.now(UTC)
    bench.migrator(app_version="7.8.9").run(to=1)
    bench.migrator().run()
    rows = bench.query(
        "SELECT version, name, checksum, app_version FROM schema_history ORDER BY version"
    )
    assert rows == [
        (1, "a", sha256(A.encode()).hexdigest(), "7.8.9"),
        (2, "b", sha256(B.encode()).hexdigest(), __version__),
    ]
    for applied_at, took in bench.query("SELECT applied_at, duration_ms FROM schema_history"):
        assert before <= parse_time(applied_at, "applied_at") <= datetime.now(UTC)
        assert 0 < took < 10_000


def test_a_second_run_changes_nothing(bench: Bench) -> None:
    bench.write(_0001_a__up=A, _0002_b__up=B)
    bench.migrator().run()
    before = bench.database.read_bytes()
    report = bench.migrator().run()
    assert (report.done, report.version, report.backup) == ((), 2, None)
    assert bench.database.read_bytes() == before


def test_run_to_a_version_stops_after_it(bench: Bench) -> None:
    bench.write(_0001_a__up=A, _0002_b__up=B)
    assert bench.migrator().run(to="0001").version == 1
    assert [name for _, name, _ in objects(bench.database)] == ["a"]


@pytest.mark.parametrize(
    ("to", "said"), [(9, "no migration with version 9"), (1, "use revert"), ("x", "not a version")]
)
def test_run_to_a_version_that_makes_no_sense(bench: Bench, to: int | str, said: str) -> None:
    bench.write(_0001_a__up=A, _0002_b__up=B)
    bench.migrator().run()
    with pytest.raises(MigrationError, match=said):
        bench.migrator().run(to=to)


def test_a_file_changed_after_it_was_applied_is_refused_with_both_checksums(bench: Bench) -> None:
    bench.write(_0001_a__up=A)
    bench.migrator().run()
    bench.write(_0001_a__up=A + "-- changed\n", _0002_b__up=B)
    with pytest.raises(MigrationError) as refused:
        bench.migrator().run()
    assert "0001_a.up.sql was changed after it was applied" in str(refused.value)
    assert sha256(A.encode()).hexdigest() in str(refused.value)
    assert sha256((A + "-- changed\n").encode()).hexdigest() in str(refused.value)
    assert [name for _, name, _ in objects(bench.database)] == ["a"]


def test_line_ends_and_the_way_down_may_change(bench: Bench) -> None:
    bench.write(_0001_a__up=A, _0001_a__down="DROP TABLE a;")
    bench.migrator().run()
    (bench.folder / "0001_a.up.sql").write_bytes(A.replace("\n", "\r\n").encode())
    bench.write(_0001_a__down="-- better\nDROP TABLE IF EXISTS a;")
    assert bench.migrator().run().done == ()


def test_a_newer_history_is_refused(bench: Bench) -> None:
    bench.write(_0001_a__up=A, _0002_b__up=B)
    bench.migrator(app_version="9.9.9").run()
    (bench.folder / "0002_b.up.sql").unlink()
    with pytest.raises(MigrationError) as refused:
        bench.migrator().run()
    assert "this database was written by a newer botbus: it is at 0002_b" in str(refused.value)
    assert "version 9.9.9" in str(refused.value)


def test_a_lost_file_is_refused(bench: Bench) -> None:
    bench.write(_20250101000000_a__up=A, _20250102000000_b__up=B)
    bench.migrator().run()
    (bench.folder / "20250101000000_a.up.sql").unlink()
    with pytest.raises(MigrationError, match="the file of 20250101000000_a is gone"):
        bench.migrator().run()


def test_a_migration_older_than_the_newest_applied_is_refused(bench: Bench) -> None:
    bench.write(_20250102000000_b__up=A)
    bench.migrator().run()
    bench.write(_20250101000000_a__up=B)
    with pytest.raises(MigrationError, match="a later migration is already applied"):
        bench.migrator().run()


def test_someone_elses_table_of_that_name_is_left_alone(bench: Bench) -> None:
    bench.query("CREATE TABLE schema_history (what TEXT)")
    bench.write(_0001_a__up=A)
    with pytest.raises(MigrationError, match="is not the migrator's"):
        bench.migrator().run()
    assert [name for (name,) in bench.query("SELECT name FROM sqlite_master")] == ["schema_history"]


def test_a_script_outside_a_transaction_runs_alone(bench: Bench) -> None:
    pragma = "-- rewrites the file\n-- no-transaction\nPRAGMA page_size = 8192;\nVACUUM;\n"
    bench.write(_0001_a__up=A, _0002_size__up=pragma, _0003_b__up=B)
    assert len(bench.migrator().run().done) == 3
    assert bench.query("PRAGMA page_size") == [(8192,)]
    assert bench.query("SELECT count(*) FROM schema_history") == [(3,)]


@pytest.mark.parametrize("word", ["COMMIT", "BEGIN", "ROLLBACK", "SAVEPOINT s", "VACUUM"])
def test_statements_that_would_leave_the_batch_are_refused_before_it(
    bench: Bench, word: str
) -> None:
    bench.write(_0001_a__up=A, _0002_b__up=f"CREATE TABLE b (x);\n{word};\n")
    with pytest.raises(
        MigrationError, match=rf"0002_b.up.sql, line 2: {word.split(maxsplit=1)[0]} cannot be"
    ):
        bench.migrator().run()
    assert not bench.database.exists()


def test_an_empty_migration_is_refused(bench: Bench) -> None:
    bench.write(_0001_a__up="-- to be written\n")
    with pytest.raises(MigrationError, match=r"0001_a\.up\.sql holds no statement"):
        bench.migrator().run()


def test_what_a_migration_selects_is_run_to_its_last_row(bench: Bench) -> None:
    bench.write(_0001_a__up="SELECT abs(column1) FROM (VALUES (1), (-9223372036854775808));")
    with pytest.raises(MigrationError, match="integer overflow"):
        bench.migrator().run()


def test_a_run_is_told_in_the_log(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.write(_0001_a__up=A)
    with caplog.at_level(logging.INFO, "botbus.migrator"):
        bench.migrator().run()
        bench.migrator().run()
    assert "0001_a in " in caplog.text
    assert "is now at version 1" in caplog.text
    assert "is at version 1, nothing to migrate" in caplog.text


def test_memory_can_be_migrated_too(bench: Bench) -> None:
    bench.write(_0001_a__up=A, _0002_b__up=B)
    assert Migrator(":memory:", bench.folder).run().version == 2
    assert bench.files() == set()


def test_a_file_that_is_no_database(bench: Bench) -> None:
    bench.write(_0001_a__up=A)
    bench.database.write_text("Dear diary, " * 100)
    with pytest.raises(MigrationError, match="this is no SQLite database"):
        bench.migrator().run()
    assert bench.database.read_text().startswith("Dear diary")


def test_a_folder_that_is_not_there(bench: Bench) -> None:
    bench.write(_0001_a__up=A)
    with pytest.raises(MigrationError, match="No such file or directory"):
        Migrator(bench.database / "nowhere" / "x.db", bench.folder).run()


def test_another_programs_transaction_is_waited_for_and_then_named(bench: Bench) -> None:
    bench.write(_0001_a__up=A)
    bench.query("CREATE TABLE other (x)")
    writer = sqlite3.connect(bench.database, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(MigrationError, match="another program is writing to it"):
        bench.migrator(wait=0.05).run()
    writer.close()
    assert bench.migrator().run().version == 1


def test_a_run_with_nothing_to_do_takes_milliseconds(bench: Bench) -> None:
    bench.write(
        **{f"_{number:04}_t__up": f"CREATE TABLE t{number} (x);" for number in range(1, 41)}
    )
    bench.migrator().run()
    best = min(_timed(bench) for _ in range(5))
    assert best < 0.02


def _timed(bench: Bench) -> float:
    started = time.perf_counter()
    bench.migrator().run()
    return time.perf_counter() - started


def test_a_symbolic_link_leads_to_the_same_lock(bench: Bench, tmp_path: Path) -> None:
    bench.write(_0001_a__up=A)
    link = tmp_path / "link.db"
    link.symlink_to(bench.database)
    Migrator(link, bench.folder).run()
    assert not (tmp_path / "link.db.lock").exists()
    assert (tmp_path / "bot.db.lock").exists()
