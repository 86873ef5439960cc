"""Before a batch changes a database there is a copy of it: whole, private, and one of the last few."""

import pytest

from botbus_storage.migrator import MigrationError, Migrator
from tests.migrations.databases import Bench, dump


@pytest.fixture
def one(bench: Bench) -> Bench:
    """A database at version 1 with a row, and version 2 to come."""
    bench.write(_0001_a__up="CREATE TABLE a (x);", _0001_a__down="DROP TABLE a;")
    bench.migrator().run()
    bench.query("INSERT INTO a VALUES ('kept')")
    bench.write(_0002_b__up="DROP TABLE a;")
    return bench


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_the_backup_holds_what_the_batch_changed(one: Bench, mode: str) -> None:
    one.query(f"PRAGMA journal_mode = {mode}")
    before = one.dump()
    report = one.migrator().run()
    assert report.backup is not None
    assert report.backup.name.startswith("bot.db-v0001-")
    assert dump(report.backup) == before
    assert one.files() - {"bot.db-wal", "bot.db-shm"} == {"bot.db", report.backup.name}


def test_what_is_only_in_the_wal_is_in_the_backup_too(one: Bench) -> None:
    one.leave_in_wal("INSERT INTO a VALUES ('in the wal')")
    assert (one.database.parent / "bot.db-wal").stat().st_size > 0
    report = one.migrator().run()
    assert report.backup is not None
    assert any("in the wal" in line for line in dump(report.backup))


def test_a_fresh_database_and_a_run_with_nothing_to_do_need_no_backup(one: Bench) -> None:
    assert one.migrator().run().backup is not None
    assert one.migrator().run().backup is None


def test_a_database_that_was_never_migrated_is_copied_too(bench: Bench) -> None:
    bench.query("CREATE TABLE mine (x)")
    bench.write(_0001_a__up="CREATE TABLE a (x);")
    report = bench.migrator().run()
    assert report.backup is not None
    assert report.backup.name.startswith("bot.db-v0000-")


def test_backups_can_be_switched_off(one: Bench) -> None:
    assert one.migrator(backup=False).run().backup is None
    assert one.files() == {"bot.db"}


def test_the_newest_few_are_kept_and_nothing_else_is_touched(one: Bench) -> None:
    (one.folder / "0002_b.up.sql").unlink()
    mine = one.database.with_name("bot.db-v0001-mine.backup")
    mine.write_text("not one of ours")
    for _ in range(4):
        one.migrator(keep_backups=3).revert()
        one.migrator(keep_backups=3).run()
    copies = one.migrator().backups()
    assert len(copies) == 3
    assert mine.exists()
    newest = one.migrator(keep_backups=1).revert().backup
    assert one.migrator().backups() == [newest]


def test_failing_again_and_again_does_not_push_out_the_good_backups(one: Bench) -> None:
    one.migrator().run()
    good = one.migrator().backups()
    one.write(_0003_c__up="oops;")
    for _ in range(3):
        with pytest.raises(MigrationError):
            one.migrator(keep_backups=1).run()
    assert one.migrator().backups() == good


def test_a_backup_is_as_private_as_its_database(one: Bench) -> None:
    one.database.chmod(0o600)
    report = one.migrator().run()
    assert report.backup is not None
    assert report.backup.stat().st_mode & 0o777 == 0o600


def test_progress_is_told_in_pages(one: Bench) -> None:
    one.query("INSERT INTO a VALUES (zeroblob(10000000))")
    told: list[tuple[str, int, int]] = []
    one.migrator().run(progress=lambda what, done, total: told.append((what, done, total)))
    assert len(told) > 2
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1][1] == told[-1][2] > 2000


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_nobody_writes_between_the_backup_and_the_batch(one: Bench, mode: str) -> None:
    one.query(f"PRAGMA journal_mode = {mode}")
    code = """
try:
    sqlite3.connect(database, timeout=0).execute("INSERT INTO a VALUES ('lost')")
except sqlite3.OperationalError as error:
    print(error)
"""
    told: list[str] = []

    def meddle(what: str, done: int, total: int) -> None:
        with one.process(code) as child:
            told.append(child.communicate(timeout=30)[0])

    one.migrator().run(progress=meddle)
    assert told == ["database is locked\n"]


def test_keeping_none_is_said_another_way(one: Bench) -> None:
    with pytest.raises(ValueError, match="backup=False"):
        Migrator(one.database, one.folder, keep_backups=0)


def test_a_name_with_signs_of_a_pattern(bench: Bench) -> None:
    odd = Bench(bench.database.with_name("a[1]*?.db"), bench.folder)
    odd.write(_0001_a__up="CREATE TABLE a (x);")
    odd.migrator().run()
    odd.write(_0002_b__up="CREATE TABLE b (x);")
    assert [odd.migrator().run().backup] == odd.migrator().backups()
