"""Going back to a backup: checked first, and the database before it is kept."""

import os
from pathlib import Path

import pytest

from botbus_storage.migrator import MigrationError
from tests.migrations.databases import Bench, dump, query


@pytest.fixture
def two(bench: Bench) -> Bench:
    """A database at version 2, whose backup holds version 1 and a row."""
    bench.write(_0001_a__up="CREATE TABLE a (x);", _0002_b__up="DROP TABLE a;")
    bench.migrator().run(to=1)
    bench.query("INSERT INTO a VALUES ('kept')")
    bench.migrator().run()
    return bench


def backup(bench: Bench) -> Path:
    return bench.migrator().backups()[-1]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_the_backup_takes_the_place_and_the_database_is_kept(two: Bench, mode: str) -> None:
    two.query(f"PRAGMA journal_mode = {mode}")
    replaced = two.dump()
    restored = two.migrator().restore(backup(two))
    assert restored.version == 1
    assert two.dump() == dump(backup(two))
    assert two.query("SELECT x FROM a") == [("kept",)]
    assert restored.kept is not None
    assert dump(restored.kept) == replaced
    assert two.migrator().run().version == 2


def test_a_wal_left_by_a_crash_goes_with_the_database_it_belongs_to(two: Bench) -> None:
    two.leave_in_wal("CREATE TABLE late (x)")
    restored = two.migrator().restore(backup(two))
    assert restored.kept is not None
    assert any("late" in line for line in dump(restored.kept))
    assert not any("late" in line for line in two.dump())


def test_a_database_beyond_opening_is_replaced_and_kept_as_it_is(two: Bench) -> None:
    two.database.write_bytes(b"ruined" * 1000)
    restored = two.migrator().restore(backup(two))
    assert restored.kept is not None
    assert restored.kept.read_bytes() == b"ruined" * 1000
    assert two.query("SELECT x FROM a") == [("kept",)]


def test_what_lay_beside_a_ruined_database_is_kept_and_not_taken_over(two: Bench) -> None:
    two.database.write_bytes(b"ruined" * 1000)
    two.database.with_name("bot.db-wal").write_bytes(b"ruined too" * 100)
    restored = two.migrator().restore(backup(two))
    assert restored.kept is not None
    assert restored.kept.with_name(restored.kept.name + "-wal").read_bytes() == b"ruined too" * 100
    assert not two.database.with_name("bot.db-wal").exists()
    assert two.query("SELECT x FROM a") == [("kept",)]


def test_damage_in_a_page_that_nobody_asked_for_is_found(two: Bench, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    content = bytearray(backup(two).read_bytes())
    ((page,),) = query(backup(two), "SELECT rootpage FROM sqlite_master WHERE name = 'a'")
    content[(page - 1) * 4096 : (page - 1) * 4096 + 100] = b"\xff" * 100
    damaged.write_bytes(content)
    before = two.dump()
    with pytest.raises(MigrationError, match=r"the backup .*damaged is damaged"):
        two.migrator().restore(damaged)
    assert two.dump() == before


def test_a_backup_that_was_cut_off_changes_nothing(two: Bench, tmp_path: Path) -> None:
    before, half = two.dump(), tmp_path / "half"
    content = backup(two).read_bytes()
    half.write_bytes(content[: len(content) // 2])
    with pytest.raises(MigrationError, match="it is damaged, or a part of it is missing"):
        two.migrator().restore(half)
    assert two.dump() == before


def test_what_a_killed_restore_left_is_no_hindrance(two: Bench) -> None:
    for name in ("bot.db-restoring", "bot.db-restoring.partial"):
        two.database.with_name(name).write_text("half")
    two.migrator().restore(backup(two))
    assert two.query("SELECT x FROM a") == [("kept",)]
    assert not any("restoring" in name for name in two.files())


def test_a_lost_database_is_brought_back(two: Bench) -> None:
    two.database.unlink()
    assert two.migrator().restore(backup(two)).kept is None
    assert two.query("SELECT x FROM a") == [("kept",)]


def test_a_new_machine_has_not_even_the_folder(two: Bench, tmp_path: Path) -> None:
    copy = backup(two)
    elsewhere = Bench(tmp_path / "no" / "folder" / "bot.db", two.folder)
    with pytest.raises(MigrationError, match="there is no backup"):
        elsewhere.migrator().restore(tmp_path / "nowhere")
    assert not (tmp_path / "no").exists()
    elsewhere.migrator().restore(copy)
    assert elsewhere.query("SELECT x FROM a") == [("kept",)]
    assert elsewhere.database.parent.stat().st_mode & 0o777 == 0o700


def test_another_program_that_has_it_open_is_noticed(two: Bench) -> None:
    code = """
connection = sqlite3.connect(database)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("SELECT * FROM sqlite_master").fetchall()
print("open")
sys.stdin.read()
"""
    with two.process(code) as child:
        assert child.stdout is not None
        child.stdout.readline()
        before, files = two.dump(), two.files()
        with pytest.raises(MigrationError, match=r"another program has .* open"):
            two.migrator().restore(backup(two))
        assert (two.dump(), two.files()) == (before, files)
    assert two.migrator().restore(backup(two)).version == 1


def test_what_is_no_backup_is_refused_and_nothing_changes(two: Bench, tmp_path: Path) -> None:
    other = Bench(tmp_path / "other", two.folder)
    other.query("CREATE TABLE something (x)")
    (tmp_path / "letter").write_text("Dear diary, " * 100)
    before, files = two.dump(), two.files()
    for path, said in (
        (other.database, "has no history of migrations"),
        (tmp_path / "letter", "this is no SQLite database"),
        (tmp_path / "nowhere", "there is no backup"),
        (two.database, "is the database itself"),
    ):
        with pytest.raises(MigrationError, match=said):
            two.migrator().restore(path)
    assert two.dump() == before
    assert two.files() == files


def test_the_backup_stays_where_it_is(two: Bench) -> None:
    before = backup(two).read_bytes()
    two.migrator().restore(backup(two))
    assert backup(two).read_bytes() == before


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes files for others")
def test_what_root_makes_belongs_to_the_owner_of_the_database(two: Bench) -> None:
    """A daemon with a user of its own has to open what its operator restored as root."""
    stranger = 4711
    for path in (two.database.parent, two.database):
        os.chown(path, stranger, stranger)
    lock = two.database.with_name(two.database.name + ".lock")
    lock.unlink()
    restored = two.migrator().restore(backup(two))
    assert restored.kept is not None
    two.write(_0003_c__up="CREATE TABLE c (x);")
    two.migrator().run()
    for path in (two.database, lock, restored.kept, backup(two)):
        assert (path.stat().st_uid, path.stat().st_gid) == (stranger, stranger), path


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes files for others")
def test_a_database_that_root_makes_belongs_to_the_owner_of_its_folder(bench: Bench) -> None:
    stranger = 4711
    bench.write(_0001_a__up="CREATE TABLE a (x);")
    os.chown(bench.database.parent, stranger, stranger)
    assert bench.migrator().run().version == 1
    made = bench.database.stat()
    assert (made.st_uid, made.st_gid) == (stranger, stranger)


def test_a_lock_is_not_taken_through_a_link_that_somebody_put_there(two: Bench) -> None:
    lock = two.database.with_name(two.database.name + ".lock")
    lock.unlink()
    other = two.database.with_name("precious")
    other.write_text("precious")
    lock.symlink_to(other)
    with pytest.raises(MigrationError):
        two.migrator().run()
    assert other.read_text() == "precious"
