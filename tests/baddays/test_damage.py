"""A damaged database: a start says what to do, that helps, and what is still whole is served."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.baddays.starting import refused
from tests.daemon.plain import Plain, error_of
from tests.daemons import DaemonProcess

PAGE = 4096


@pytest.fixture
def stopped(daemon: DaemonProcess) -> DaemonProcess:
    """A daemon that has stopped, and left a database of some size."""
    with Plain(daemon, "writer") as writer:
        for _ in range(10):
            writer.ask(*(writer.letter("reader", "x" * 1000) for _ in range(40)))
    assert daemon.stop() == 0
    return daemon


def botbus(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "botbus_cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def overwrite(path: Path, at: int, size: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(os.urandom(size))


@pytest.mark.parametrize("at", [0, 100])
def test_a_start_names_the_command_that_restores_and_it_does(
    stopped: DaemonProcess, at: int
) -> None:
    database = stopped.database
    (older, backup) = (
        database.with_name(f"{database.name}-v0001-2026010{day}T000000.000000Z.backup")
        for day in (1, 2)
    )
    for each in (older, backup):
        assert botbus("backup", each, "--database", database).returncode == 0
    overwrite(database, at, database.stat().st_size // 2)
    said = refused(stopped)
    command = said[said.index("`botbus restore") :].split("`")[1]
    assert command == f"botbus restore {backup} --database {database}"
    restored = botbus(*command.split()[1:])
    assert restored.returncode == 0, restored.stderr
    stopped.start()
    with Plain(stopped, "reader") as reader:
        assert len(reader.fetch(max=100)) == 100
    assert stopped.stop() == 0


def test_without_a_backup_it_says_what_there_should_be(stopped: DaemonProcess) -> None:
    overwrite(stopped.database, 100, PAGE)
    said = refused(stopped)
    assert f"botbus restore FILE --database {stopped.database}" in said
    assert "botbus doctor" in said
    found = botbus("doctor", "--database", stopped.database, "--url", stopped.url)
    assert found.returncode == 1
    assert "restore" in found.stdout


def test_who_asks_for_what_is_damaged_is_told_and_others_are_served(
    stopped: DaemonProcess,
) -> None:
    pages = stopped.database.stat().st_size // PAGE
    overwrite(stopped.database, pages // 2 * PAGE, 20 * PAGE)
    stopped.start()
    with Plain(stopped, "reader") as reader, Plain(stopped, "other") as other:
        replies = reader.ask(
            *(
                {"op": "history", "between": ["writer", "reader"], "after": n}
                for n in range(0, 400, 40)
            )
        )
        errors = [error_of(reply) for reply in replies if "error" in reply]
        assert errors
        assert {error["code"] for error in errors} == {"storage_failed"}
        assert "botbus doctor" in errors[0]["message"]
        other.send("other", "still served")
        assert other.fetch()
    assert stopped.stop() == 0
    assert "cannot be read" in stopped.log()
    assert "Traceback" not in stopped.log()
