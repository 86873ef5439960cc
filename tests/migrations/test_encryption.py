"""A SQLCipher database is migrated, backed up, restored and converted with a key from a file."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from botbus_storage.connection import connect_plainly, shrinkable
from botbus_storage.database_lock import DatabaseLock, Locked
from botbus_storage.migrator import MigrationError, Migrator
from tests.migrations.databases import Bench

pytest.importorskip("sqlcipher3", reason="the extra `encryption` is not installed")

import botbus_migrations
from botbus_storage.cipher import KeyRefused, connector, is_encrypted, read_key
from botbus_storage.operations import BeginBoot, Boot
from botbus_storage.store import open_store

SCHEMA = """
CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, t TEXT, g TEXT AS (t || '!') STORED) STRICT;
CREATE TABLE w (k TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE odd ("a ""quoted"" column" BLOB);
CREATE VIRTUAL TABLE f USING fts5(body);
CREATE INDEX i ON a (t);
CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO w VALUES (new.t); END;
CREATE VIEW v AS SELECT t FROM a;
INSERT INTO a (t) SELECT value FROM json_each('["one","two","three"]');
DELETE FROM a WHERE id = 3;
INSERT INTO odd VALUES (x'00ff'), (NULL), (1.5);
INSERT INTO f VALUES ('hello');
PRAGMA user_version = 7;
PRAGMA application_id = 99;
"""
QUESTIONS = (
    "SELECT * FROM a",
    "SELECT * FROM w",
    "SELECT * FROM odd",
    "SELECT * FROM v",
    "SELECT * FROM sqlite_sequence",
    "SELECT rowid FROM f WHERE f MATCH 'hello'",
    "SELECT type, name, sql FROM sqlite_master ORDER BY type, name",
    "PRAGMA user_version",
    "PRAGMA application_id",
    "PRAGMA journal_mode",
    "PRAGMA auto_vacuum",
)


def key_file(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content)
    path.chmod(0o600)
    return path


@pytest.fixture(
    params=['it\'s a "secret"\n', "0123456789abcdef" * 4 + "\n"], ids=["passphrase", "key"]
)
def key(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return key_file(tmp_path, "key", request.param)


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    return key_file(tmp_path, "wrong", "not the key")


def answers(database: Path, key: Path | None = None) -> list[Any]:
    connection = connector(key)(database) if key else sqlite3.connect(database)
    with closing(connection):
        return [connection.execute(question).fetchall() for question in QUESTIONS]


@pytest.fixture(params=["delete", "wal"])
def plain(bench: Bench, request: pytest.FixtureRequest) -> Bench:
    """A database with one of everything, not encrypted; the daemon's own are `shrinkable`, too."""
    bench.write(_0001_all__up=SCHEMA)
    bench.migrator(connect=shrinkable(connect_plainly)).run()
    bench.query(f"PRAGMA journal_mode = {request.param}")
    return bench


@pytest.fixture
def encrypted(plain: Bench, key: Path) -> Bench:
    """The same, encrypted."""
    plain.migrator().encrypt(key)
    return plain


def test_there_and_back_again_nothing_is_lost(plain: Bench, key: Path) -> None:
    before, files = answers(plain.database), plain.files()
    plain.database.chmod(0o640)
    plain.migrator().encrypt(key)
    assert is_encrypted(plain.database)
    assert b"hello" not in plain.database.read_bytes()
    assert answers(plain.database, key) == before
    assert plain.database.stat().st_mode & 0o777 == 0o640
    plain.migrator().decrypt(key)
    assert answers(plain.database) == before
    assert plain.files() == files


def test_an_encrypted_database_is_migrated_and_its_backup_is_encrypted(
    encrypted: Bench, key: Path
) -> None:
    migrator = encrypted.migrator(connect=connector(key))
    assert migrator.run().done == ()
    encrypted.write(_0002_b__up="CREATE TABLE b (x);", _0002_b__down="DROP TABLE b;")
    before = answers(encrypted.database, key)
    assert migrator.run(dry_run=True).version == 2
    report = migrator.run()
    assert report.backup is not None
    assert is_encrypted(report.backup)
    assert answers(report.backup, key) == before
    assert migrator.restore(report.backup).version == 1
    assert answers(encrypted.database, key) == before
    assert migrator.status().version == 1
    assert migrator.run().version == 2
    assert migrator.revert().version == 1


def test_a_fresh_database_is_encrypted_from_its_first_byte(bench: Bench, key: Path) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x); INSERT INTO a VALUES ('visible?');")
    bench.migrator(connect=connector(key)).run()
    assert is_encrypted(bench.database)
    assert b"visible?" not in bench.database.read_bytes()


def test_the_daemons_store_works_on_an_encrypted_file(tmp_path: Path, key: Path) -> None:
    async def begin() -> list[Any]:
        async with open_store(database, connect=connector(key)) as store:
            return list(await store.submit([BeginBoot(version="1", pid=1)]))

    database = tmp_path / "bus.db"
    Migrator(database, botbus_migrations.FOLDER, connect=connector(key)).run()
    assert asyncio.run(begin()) == [Boot(number=1)]
    assert is_encrypted(database)
    assert asyncio.run(begin()) == [Boot(number=2)]


def test_opening_another_connection_costs_no_lock(encrypted: Bench, key: Path) -> None:
    code = (
        "from botbus_storage.cipher import connector\n"
        f"connection = connector(Path({str(key)!r}))(database)\n"
        "connection.execute('PRAGMA busy_timeout = 0')\n"
        "try: connection.execute('BEGIN IMMEDIATE')\n"
        "except sqlite3.OperationalError as error: print(error)\n"
    )
    with closing(connector(key)(encrypted.database)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        connector(key)(encrypted.database).close()
        with encrypted.process(code) as child:
            assert child.communicate(timeout=30)[0] == "database is locked\n"


def test_a_failing_batch_changes_nothing(encrypted: Bench, key: Path) -> None:
    encrypted.write(_0002_b__up="CREATE TABLE b (x);\nCREATE TABLE b (x);")
    before = answers(encrypted.database, key)
    with pytest.raises(MigrationError, match=r"statement 2, line 2 .* Nothing was changed"):
        encrypted.migrator(connect=connector(key)).run()
    assert answers(encrypted.database, key) == before


def test_a_wrong_key_says_so_and_changes_nothing(encrypted: Bench, wrong: Path, capfd: Any) -> None:
    content, files = encrypted.database.read_bytes(), encrypted.files()
    encrypted.write(_0002_b__up="CREATE TABLE b (x);")
    said = r"the key in .*wrong is not the key of .*bot\.db"
    with pytest.raises(MigrationError, match=said):
        encrypted.migrator(connect=connector(wrong)).run()
    with pytest.raises(MigrationError, match=said):
        encrypted.migrator(connect=connector(wrong)).status()
    with pytest.raises(MigrationError, match=said):
        encrypted.migrator().decrypt(wrong)
    assert (encrypted.database.read_bytes(), encrypted.files()) == (content, files)
    assert capfd.readouterr().err == ""


def test_no_key_says_so_and_changes_nothing(encrypted: Bench) -> None:
    content = encrypted.database.read_bytes()
    with pytest.raises(MigrationError, match="an encrypted one and its key is missing"):
        encrypted.migrator().run()
    assert encrypted.database.read_bytes() == content


def test_what_is_so_already_is_refused(plain: Bench, key: Path) -> None:
    content = plain.database.read_bytes()
    with pytest.raises(MigrationError, match="is not encrypted"):
        plain.migrator().decrypt(key)
    with pytest.raises(MigrationError, match="run `botbus migrate encrypt` first"):
        plain.migrator(connect=connector(key)).run()
    assert plain.database.read_bytes() == content
    plain.migrator().encrypt(key)
    with pytest.raises(MigrationError, match="is encrypted already"):
        plain.migrator().encrypt(key)


def test_converting_needs_the_lock_and_a_database(plain: Bench, key: Path) -> None:
    with DatabaseLock(plain.database, "a test"), pytest.raises(Locked):
        plain.migrator(wait=0).encrypt(key)
    plain.database.unlink()
    with pytest.raises(MigrationError, match="there is no database"):
        plain.migrator().encrypt(key)


def test_a_conversion_that_goes_wrong_keeps_the_original(plain: Bench, key: Path) -> None:
    """Stopped in the comparison, as a kill would."""

    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    before, files = answers(plain.database), plain.files()
    with pytest.raises(KeyboardInterrupt):
        plain.migrator().encrypt(key, progress=stop)
    assert answers(plain.database) == before
    assert plain.files() == files


def test_a_difference_is_found_before_the_original_is_replaced(plain: Bench, key: Path) -> None:
    """Another connection changes the new file behind the converter's back."""

    def meddle(what: str, done: int, total: int) -> None:
        if done == 1:
            with closing(
                connector(key)(plain.database.with_name("bot.db-converting"))
            ) as connection:
                connection.execute("UPDATE a SET t = 'changed' WHERE id = 1")

    before = answers(plain.database)
    with pytest.raises(MigrationError, match=r"differs from the database \(SELECT \* FROM \"a\"\)"):
        plain.migrator().encrypt(key, progress=meddle)
    assert answers(plain.database) == before


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [("", 0o600, "is empty"), ("secret", 0o604, "chmod 600"), (None, 0, "No such file")],
)
def test_key_files_that_cannot_be_used(
    tmp_path: Path, content: str | None, mode: int, said: str
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    with pytest.raises(KeyRefused, match=said):
        read_key(path)


def test_its_errors_are_those_of_sqlite3(bench: Bench, key: Path) -> None:
    with closing(connector(key)(bench.database)) as connection:
        connection.execute("CREATE TABLE a (x UNIQUE)")
        connection.execute("INSERT INTO a VALUES (1)")
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE") as failed:
            connection.execute("INSERT INTO a VALUES (1)")
        assert failed.value.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT
        with pytest.raises(sqlite3.OperationalError, match="syntax error"):
            connection.executemany("oops", [()])
        with pytest.raises(sqlite3.OperationalError, match="integer overflow"):
            connection.execute("SELECT abs(-9223372036854775808)").fetchall()
        assert connection.IntegrityError is sqlite3.IntegrityError


def test_without_the_package_the_sentence_says_what_to_install(tmp_path: Path, key: Path) -> None:
    code = (
        "import sys; sys.modules['sqlcipher3'] = None\n"
        "from pathlib import Path\nfrom botbus_storage.cipher import *\n"
        f"try: connector(Path({str(key)!r}))\nexcept KeyRefused as error: print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "pip install 'botbus[encryption]'" in told
