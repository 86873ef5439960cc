"""One process at a time: others wait a moment, then learn who is at work."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from botbus_storage.database_lock import DatabaseLock, Locked
from botbus_storage.migrator import Migrator
from tests.daemons import DaemonProcess
from tests.migrations.databases import Bench, dump
from tests.migrations.test_crash import STOP_INSIDE

RUN_WHEN_TOLD = """
print("ready")
sys.stdin.readline()
print(len(Migrator(database, folder, wait=30).run().done))
"""


def test_two_processes_at_once_apply_each_migration_once(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x);", _0002_b__up="INSERT INTO a VALUES (1);")
    with bench.process(RUN_WHEN_TOLD) as one, bench.process(RUN_WHEN_TOLD) as other:
        for child in (one, other):
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in (one, other):
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        applied = [child.communicate(timeout=30)[0].strip() for child in (one, other)]
    assert sorted(applied) == ["0", "2"]
    assert bench.query("SELECT count(*) FROM a") == [(1,)]


def test_the_loser_learns_who_is_at_work(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x); SELECT stop();")
    with bench.process(STOP_INSIDE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "inside\n"
        with pytest.raises(Locked) as lost:
            bench.migrator(wait=0.05).run()
        assert f"is in use by process {child.pid} (botbus migrate)" in str(lost.value)


VERBS: dict[str, Callable[[Migrator], object]] = {
    "run": lambda migrator: migrator.run(),
    "dry run": lambda migrator: migrator.run(dry_run=True),
    "revert": lambda migrator: migrator.revert(),
    "restore": lambda migrator: migrator.restore(migrator.target.database),
}


@pytest.mark.parametrize("verb", VERBS)
def test_nothing_is_written_beside_a_lock(bench: Bench, verb: str) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x);", _0001_a__down="DROP TABLE a;")
    bench.migrator().run()
    before = bench.database.read_bytes()
    with DatabaseLock(bench.database, "a test"), pytest.raises(Locked, match=r"\(a test\)"):
        VERBS[verb](bench.migrator(wait=0))
    assert bench.database.read_bytes() == before


def test_reading_needs_no_lock(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x);")
    bench.migrator().run()
    (bench.folder / "schema.sql").write_text(bench.migrator().schema())
    with DatabaseLock(bench.database, "a test"):
        assert bench.migrator(wait=0).status().version == 1
        assert bench.migrator(wait=0).verify() == ()


def test_the_callers_lock_is_used_and_kept(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x);")
    with DatabaseLock(bench.database, "botbus serve") as lock:
        assert bench.migrator(lock=lock).run().version == 1
        assert lock.held


def test_the_daemon_migrates_before_it_serves_and_lets_nobody_beside_it(
    daemon: DaemonProcess,
) -> None:
    import botbus_migrations

    migrator = Migrator(daemon.database, botbus_migrations.FOLDER, wait=0.05)
    status = migrator.status()
    assert {entry.state for entry in status.entries} == {"applied"}
    with pytest.raises(Locked, match=rf"process {daemon.pid} \(botbus serve\)"):
        migrator.run()
    daemon.stop()
    assert migrator.run().done == ()


def test_the_daemon_refuses_to_serve_a_newer_database(folder: Path) -> None:
    import botbus_migrations

    database = folder / "bus.db"
    Migrator(database, botbus_migrations.FOLDER).run()
    newer = Bench(database, folder)
    newer.query(
        "INSERT INTO schema_history SELECT 9999, 'later', checksum, applied_at, 1, '99.0'"
        " FROM schema_history WHERE version = 1"
    )
    before = dump(database)
    process = DaemonProcess(folder)
    with pytest.raises(AssertionError, match=r"written by a newer botbus: it is at 9999_later"):
        process.start()
    assert process.wait() == 1
    assert dump(database) == before


def test_a_lock_is_free_again_after_its_holder(tmp_path: Path) -> None:
    lock = DatabaseLock(tmp_path / "x.db", "a test")
    with lock.acquire():
        assert lock.path.read_text() == f"{os.getpid()} a test\n"
    assert not lock.held
    assert lock.path.read_text() == ""
    with DatabaseLock(tmp_path / "x.db", "another").acquire():
        pass


def test_a_waiting_process_gets_the_lock_when_it_comes_free(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x);")
    lock = DatabaseLock(bench.database, "a test").acquire()
    with bench.process(
        "print('waiting'); print(Migrator(database, folder, wait=30).run().version)"
    ) as it:
        assert it.stdout is not None
        assert it.stdout.readline() == "waiting\n"
        lock.release()
        assert it.communicate(timeout=30)[0] == "1\n"


def test_a_lock_is_in_place_while_others_find_it_there(tmp_path: Path) -> None:
    lock = DatabaseLock(tmp_path / "x.db", "a test")
    with lock.acquire():
        assert lock.in_place()
        lock.path.unlink()
        assert not lock.in_place()
        with DatabaseLock(tmp_path / "x.db", "another").acquire() as other:
            assert other.in_place()
            assert not lock.in_place()
    assert not lock.in_place()


def test_only_the_owner_may_touch_the_lock_file(tmp_path: Path) -> None:
    with DatabaseLock(tmp_path / "x.db", "a test") as lock:
        assert lock.path.stat().st_mode & 0o777 == 0o600
