"""A batch that fails leaves the database as it was, and says which statement of which file failed."""

import logging
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from botbus_storage.migrator import MigrationError, Migrator
from tests.migrations.databases import Bench

BATCH = {
    "0002_columns": [
        "ALTER TABLE notes ADD COLUMN kind TEXT NOT NULL DEFAULT 'plain';",
        "CREATE INDEX idx_notes_kind ON notes (kind);",
        "UPDATE notes SET kind = 'long' WHERE length(text) > 5;",
    ],
    "0003_rebuild": [
        "CREATE TABLE new_notes (id INTEGER PRIMARY KEY, text TEXT UNIQUE, kind TEXT) STRICT;",
        "INSERT INTO new_notes SELECT id, text, kind FROM notes;",
        "DROP TABLE notes;",
        "ALTER TABLE new_notes RENAME TO notes;",
    ],
    "0004_tags": [
        "CREATE TABLE tags (note_id INTEGER REFERENCES notes (id), tag TEXT);",
        "CREATE TRIGGER tagged AFTER INSERT ON tags BEGIN UPDATE notes SET kind = new.tag; END;",
        "INSERT INTO tags SELECT id, 'a;b' FROM notes;",
    ],
}
FAILURES = {
    "syntax": ("CREATE TABEL oops (x);", 'near "TABEL": syntax error'),
    "lookup": ("INSERT INTO nowhere VALUES (1);", "no such table: nowhere"),
    "constraint": (
        "INSERT INTO schema_history (version) VALUES (1);",
        "NOT NULL constraint failed",
    ),
    "arithmetic": ("SELECT abs(-9223372036854775808);", "integer overflow"),
}
PLACES = [(name, at) for name, statements in BATCH.items() for at in range(len(statements) + 1)]


@pytest.fixture(params=["delete", "wal"])
def filled(bench: Bench, request: pytest.FixtureRequest) -> Bench:
    """A database at version 1 with rows, in either journal mode, and the batch that comes next."""
    bench.write(_0001_notes__up="CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);")
    bench.migrator().run()
    bench.query(f"PRAGMA journal_mode = {request.param}")
    bench.query("INSERT INTO notes (text) VALUES ('short'), ('a longer one')")
    for name, statements in BATCH.items():
        (bench.folder / f"{name}.up.sql").write_text("\n".join(statements))
    return bench


def test_the_batch_is_sound(filled: Bench) -> None:
    assert filled.migrator().run().version == 4
    assert filled.query("SELECT kind FROM notes") == [("a;b",), ("a;b",)]


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize(("name", "at"), PLACES)
def test_a_failure_at_any_statement_changes_nothing(
    filled: Bench, name: str, at: int, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrong, message = FAILURES[kind]
    statements = [*BATCH[name][:at], wrong, *BATCH[name][at:]]
    (filled.folder / f"{name}.up.sql").write_text("\n".join(statements))
    before, files = filled.dump(), filled.files()
    with caplog.at_level(logging.ERROR, "botbus.migrator"), pytest.raises(MigrationError) as failed:
        filled.migrator().run()
    assert f"{name}.up.sql failed at statement {at + 1}, line {at + 1} (" in str(failed.value)
    assert message in str(failed.value)
    assert str(failed.value).endswith("Nothing was changed")
    assert str(failed.value) in caplog.text
    assert filled.dump() == before
    assert filled.files() == files


def test_a_corrected_batch_runs_after_a_failed_one(filled: Bench) -> None:
    text = (filled.folder / "0004_tags.up.sql").read_text()
    (filled.folder / "0004_tags.up.sql").write_text(text + "oops;")
    with pytest.raises(MigrationError):
        filled.migrator().run()
    (filled.folder / "0004_tags.up.sql").write_text(text)
    assert filled.migrator().run().version == 4


def test_a_failure_on_a_fresh_database_leaves_no_file(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x);", _0002_b__up="CREATE TABLE a (x);")
    with pytest.raises(MigrationError, match=r"0002_b\.up\.sql failed at statement 1, line 1"):
        bench.migrator().run()
    assert bench.files() == set()


def test_the_line_is_that_of_the_statement(bench: Bench) -> None:
    bench.write(
        _0001_a__up="-- head\n\nCREATE TABLE a (x);\n-- more\n\n\nINSERT INTO\n  b\nVALUES (1);\n"
    )
    with pytest.raises(
        MigrationError, match=re.escape("statement 2, line 7 (INSERT INTO b VALUES")
    ):
        bench.migrator().run()


def test_a_row_that_loses_its_parent_fails_the_migration(bench: Bench) -> None:
    bench.write(
        _0001_a__up="CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id));"
        "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);",
        _0002_b__up="DELETE FROM p;",
    )
    bench.migrator().run(to=1)
    before = bench.dump()
    with pytest.raises(
        MigrationError, match=r"0002_b.up.sql leaves rows without parent: 1 in c \(of p"
    ):
        bench.migrator().run()
    assert bench.dump() == before


def test_rebuilding_a_parent_table_keeps_its_children(bench: Bench) -> None:
    bench.write(
        _0001_a__up="CREATE TABLE p (id INTEGER PRIMARY KEY);"
        "CREATE TABLE c (p REFERENCES p (id) ON DELETE CASCADE);"
        "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);",
        _0002_b__up="CREATE TABLE q (id INTEGER PRIMARY KEY, more TEXT);"
        "INSERT INTO q (id) SELECT id FROM p; DROP TABLE p; ALTER TABLE q RENAME TO p;",
    )
    bench.migrator().run()
    assert bench.query("SELECT p FROM c") == [(1,)]


def test_rows_that_had_no_parent_before_are_not_blamed_on_the_migration(bench: Bench) -> None:
    bench.query("CREATE TABLE c (p REFERENCES nowhere (id))")
    bench.query("INSERT INTO c VALUES (1)")
    bench.write(_0001_a__up="CREATE TABLE a (x);")
    assert bench.migrator().run().version == 1


def test_a_failure_outside_a_transaction_tells_what_stays(bench: Bench) -> None:
    bench.query("CREATE TABLE kept (x)")
    bench.write(
        _0001_a__up="CREATE TABLE a (x);",
        _0002_b__up="-- no-transaction\nCREATE TABLE IF NOT EXISTS b (x);\nDROP TABLE nowhere;",
    )
    with pytest.raises(MigrationError) as failed:
        bench.migrator().run()
    sentence = str(failed.value)
    assert "0002_b.up.sql failed at statement 2, line 3" in sentence
    assert "Done before it and staying: 0001_a" in sentence
    assert str(bench.migrator().backups()[0]) in sentence
    bench.write(_0002_b__up="-- no-transaction\nCREATE TABLE IF NOT EXISTS b (x);")
    assert [done.title for done in bench.migrator().run().done] == ["0002_b"]


def test_a_script_alone_that_leaves_its_transaction_open_is_rolled_back(bench: Bench) -> None:
    bench.write(_0001_a__up="-- no-transaction\nBEGIN;\nCREATE TABLE a (x);\n")
    with pytest.raises(MigrationError, match="begins a transaction and does not end it"):
        bench.migrator().run()
    assert bench.query("SELECT count(*) FROM sqlite_master WHERE name = 'a'") == [(0,)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_fails_the_batch_and_nothing_else(bench: Bench, small_disk: Path) -> None:
    database = small_disk / "bot.db"
    small = Bench(database, bench.folder)
    small.write(_0001_a__up="CREATE TABLE a (x);")
    small.migrator().run()
    before = small.dump()
    small.write(_0002_big__up="CREATE TABLE big (x); INSERT INTO big VALUES (zeroblob(5000000));")
    with pytest.raises(MigrationError, match="disk is full"):
        Migrator(database, small.folder).run()
    assert small.dump() == before
    assert small.files() == {"bot.db"}


def test_no_room_for_a_backup_is_told_before_anything_runs(bench: Bench, small_disk: Path) -> None:
    database = small_disk / "bot.db"
    small = Bench(database, bench.folder)
    small.write(_0001_a__up="CREATE TABLE a (x); INSERT INTO a VALUES (zeroblob(1500000));")
    small.migrator().run()
    small.write(_0002_b__up="CREATE TABLE b (x);")
    with pytest.raises(
        MigrationError,
        match=r"needs 1\.5 MB in .*, where 1\.\d MB are free: make room\. Nothing was changed$",
    ):
        small.migrator().run()
    assert small.migrator(backup=False).run().version == 2
