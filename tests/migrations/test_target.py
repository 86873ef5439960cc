"""The right to write to a database, and what is left of one that came to nothing."""

import os
from contextlib import suppress
from pathlib import Path
from sqlite3 import OperationalError

import pytest

from botbus_storage.migrator import Locked
from botbus_storage.migrator.connection import MEMORY, plain
from botbus_storage.migrator.target import Target

SOMEBODY = 65534


def target(database: str | Path) -> Target:
    return Target(Path(database), plain, 0.0, None)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def somebodys(here: Path) -> Path:
    """A folder of another user."""
    if os.geteuid() != 0:
        pytest.skip("only root may give a folder away")
    os.chown(here, SOMEBODY, SOMEBODY)
    return here


@pytest.mark.parametrize("name", [MEMORY, f"./{MEMORY}"])
def test_memory_needs_no_lock(here: Path, name: str) -> None:
    with target(name).locked(), target(name).locked():
        assert list(here.iterdir()) == []


@pytest.mark.parametrize("name", ["bus.db", "~bus.db", "{here}/bus.db"])
def test_a_file_is_locked_however_it_is_named(here: Path, name: str) -> None:
    file = name.format(here=here)
    with target(file).locked(), pytest.raises(Locked), target(file).locked():
        pass


def test_who_reads_cannot_write() -> None:
    broken_off("bus.db", "CREATE TABLE a (x)")
    with target("bus.db").reading() as connection, pytest.raises(OperationalError):
        connection.execute("INSERT INTO a VALUES (1)")


def broken_off(database: str, *statements: str) -> None:
    with suppress(ZeroDivisionError), target(database).writing() as connection:
        for statement in statements:
            connection.execute(statement)
        raise ZeroDivisionError


@pytest.mark.parametrize("name", ["bus.db", "{here}/bus.db"])
def test_what_root_makes_is_the_folders_owners(somebodys: Path, name: str) -> None:
    with target(name.format(here=somebodys)).writing() as connection:
        connection.execute("CREATE TABLE a (x)")
    assert (somebodys / "bus.db").stat().st_uid == SOMEBODY


@pytest.mark.parametrize("name", [MEMORY, f"./{MEMORY}"])
def test_memory_is_no_file_of_the_folders_owner(somebodys: Path, name: str) -> None:
    with target(name).writing():
        assert list(somebodys.iterdir()) == []


def test_a_new_file_that_came_to_nothing_is_removed(here: Path) -> None:
    broken_off("bus.db")
    assert not (here / "bus.db").exists()


def test_a_new_file_with_something_in_it_stays(here: Path) -> None:
    broken_off("bus.db", "CREATE TABLE a (x)")
    assert (here / "bus.db").stat().st_size > 0


@pytest.mark.parametrize("statements", [(), ("CREATE TABLE a (x)",)])
def test_a_file_that_was_there_stays(here: Path, statements: tuple[str, ...]) -> None:
    (here / "bus.db").touch()
    broken_off("bus.db", *statements)
    assert (here / "bus.db").exists()


def test_what_is_gone_already_is_not_removed_again(here: Path) -> None:
    with suppress(ZeroDivisionError), target("bus.db").writing():
        (here / "bus.db").unlink()
        raise ZeroDivisionError
