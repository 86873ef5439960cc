"""A process that is killed leaves the database as it was: in the middle of a batch, or of a backup."""

import signal
import subprocess

import pytest

from tests.migrations.databases import Bench

STOP_INSIDE = """
def connect(path):
    connection = sqlite3.connect(path, isolation_level=None)
    def stop():
        print("inside")
        sys.stdin.read()
    connection.create_function("stop", 0, stop)
    return connection
Migrator(database, folder, connect=connect).run()
"""
STOP_COPYING = """
def stop(what, done, total):
    print(what, 0 < done < total)
    sys.stdin.read()
Migrator(database, folder).run(progress=stop)
"""
NEXT = "CREATE TABLE b (x); INSERT INTO b SELECT x FROM a; DROP TABLE a;"


@pytest.fixture(params=["delete", "wal"])
def big(bench: Bench, request: pytest.FixtureRequest) -> Bench:
    """A database of some 8 MB at version 1."""
    bench.write(
        _0001_a__up="CREATE TABLE a (x);"
        "INSERT INTO a SELECT hex(randomblob(4000)) FROM json_each('[1,2,3,4,5,6,7,8,9,10]'),"
        "json_each('[1,2,3,4,5,6,7,8,9,10]'), json_each('[1,2,3,4,5,6,7,8,9,10]');"
    )
    bench.migrator().run()
    bench.query(f"PRAGMA journal_mode = {request.param}")
    return bench


def kill(child: subprocess.Popen[str], awaited: str) -> None:
    assert child.stdout is not None
    assert child.stdout.readline().strip() == awaited
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL


def test_killed_in_the_middle_of_a_batch(big: Bench) -> None:
    big.write(_0002_b__up=NEXT, _0003_c__up="CREATE TABLE c (x); SELECT stop();")
    before = big.dump()
    with big.process(STOP_INSIDE) as child:
        kill(child, "inside")
    assert big.dump() == before
    big.write(_0003_c__up="CREATE TABLE c (x);")
    assert big.migrator().run().version == 3
    assert len(big.query("SELECT x FROM b")) == 1000


def test_killed_in_the_middle_of_a_backup(big: Bench) -> None:
    big.write(_0002_b__up=NEXT)
    before = big.dump()
    with big.process(STOP_COPYING) as child:
        kill(child, "copy True")
    assert big.dump() == before
    assert big.migrator().backups() == []
    assert any(name.endswith(".partial") for name in big.files())
    report = big.migrator().run()
    assert [report.backup] == big.migrator().backups()
    assert not any(name.endswith(".partial") for name in big.files())


def test_killed_on_a_fresh_database(bench: Bench) -> None:
    bench.write(_0001_a__up="CREATE TABLE a (x); SELECT stop();")
    with bench.process(STOP_INSIDE) as child:
        kill(child, "inside")
    assert bench.dump() == ["BEGIN TRANSACTION;", "COMMIT;"]
    bench.write(_0001_a__up="CREATE TABLE a (x);")
    assert bench.migrator().run().version == 1
