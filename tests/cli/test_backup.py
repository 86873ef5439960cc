"""`botbus backup` beside a daemon that is busy, and back with `botbus restore`."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from botbus_storage.whole_file import written_whole
from tests.cli.command import Botbus
from tests.daemons import DaemonProcess

SENDER = """
import sys
import botbus
with botbus.connect_sync("sender", url=sys.argv[1]) as bus:
    for number in range(10**9):
        receipt = bus.send("reader", {"number": number})
        print(receipt.seq, flush=True)
"""


def seqs(database: Path) -> list[int]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return [seq for (seq,) in connection.execute("SELECT seq FROM bot_messages ORDER BY seq")]


def test_a_backup_of_a_busy_daemon_is_one_moment_and_can_be_restored(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with DaemonProcess(tmp_path) as daemon:
        command = [sys.executable, "-c", SENDER, daemon.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
            assert sender.stdout is not None
            before = [int(sender.stdout.readline()) for _ in range(50)][-1]
            made = Botbus(daemon.url)(
                "backup", str(copy), "--database", str(daemon.database), "--json"
            )
            os.kill(sender.pid, signal.SIGKILL)
            after = [before, *(int(line) for line in sender.stdout if line.endswith("\n"))][-1]
        assert made.code == 0, made.err
        assert made.object["version"] >= 1
        held = seqs(copy)
        assert held == list(range(1, held[-1] + 1))
        assert before <= held[-1] <= after + 1  # one may have been committed and not printed
        assert oct(copy.stat().st_mode & 0o777) == oct(daemon.database.stat().st_mode & 0o777)
        daemon.stop()
    restored = Botbus(daemon.url)("restore", str(copy), "--database", str(daemon.database))
    assert restored.code == 0, restored.err
    assert seqs(daemon.database) == held


def test_what_is_there_is_not_replaced_unless_told(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    with DaemonProcess(tmp_path) as daemon:
        run = Botbus(daemon.url)
        command = ["backup", str(copy), "--database", str(daemon.database)]
        refused = run(*command)
        assert refused.code == 1
        assert "--force" in refused.err
        assert copy.read_text() == "mine"
        itself = run("backup", str(daemon.database), "--database", str(daemon.database), "--force")
        assert itself.code == 1
        assert "is the database itself" in itself.err
        assert run(*command, "--force").code == 0
        assert seqs(copy) == []


def test_who_only_reads_writes_nothing_into_a_database_that_is_served(tmp_path: Path) -> None:
    database, run = tmp_path / "bus.db", Botbus("ipc:///nobody")
    assert run("migrate", "run", "--database", str(database)).code == 0
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as served:
        served.execute("PRAGMA journal_mode = WAL")
        served.execute("CREATE TABLE more (x)")
        served.execute("DROP TABLE more")
        log = Path(f"{database}-wal")
        before = log.read_bytes()
        for words in (
            ["backup", str(tmp_path / "copy.db")],
            ["export", str(tmp_path / "history.jsonl")],
            ["migrate", "status"],
            ["migrate", "verify"],
        ):
            done = run(*words, "--database", str(database))
            assert done.code == 0, done.err
            assert log.read_bytes() == before, words


def test_two_that_write_the_same_file_do_not_mix(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path) as daemon:
        copy, run = tmp_path / "copy.db", Botbus(daemon.url)
        words = ("backup", str(copy), "--force", "--database", str(daemon.database))
        with written_whole(copy) as partial:
            refused = run(*words)
            assert refused.code == 1
            assert "another process is writing it" in refused.err
            partial.write_text("what the first wrote")
        assert copy.read_text() == "what the first wrote"
        assert run(*words).code == 0
        assert seqs(copy) == []


def test_a_damaged_database_gives_no_backup(tmp_path: Path) -> None:
    database, copy = tmp_path / "bus.db", tmp_path / "copy.db"
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE many (x)")
        connection.executemany("INSERT INTO many VALUES (?)", [("x" * 500,)] * 2000)
        connection.execute("COMMIT")
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master").fetchone()
    content = bytearray(database.read_bytes())
    for page in range(root, root + 100):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    database.write_bytes(content)
    refused = Botbus("ipc:///nobody")("backup", str(copy), "--database", str(database))
    assert refused.code == 1
    assert "damaged" in refused.err
    assert list(tmp_path.iterdir()) == [database]


def test_no_database_is_a_clear_refusal(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.db")
    refused = Botbus("ipc:///nobody")("backup", str(tmp_path / "copy.db"), "--database", missing)
    assert refused.code == 1
    assert f"there is no database {missing}" in refused.err
