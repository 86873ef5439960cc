"""The right to write to a database, and what is left of one that came to nothing."""

from contextlib import suppress
from pathlib import Path

import pytest

from botbus_storage.migrator import Locked
from botbus_storage.migrator.connection import MEMORY, plain
from botbus_storage.migrator.target import Target


def target(database: str | Path) -> Target:
    return Target(Path(database), plain, 0.0, None)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_memory_needs_no_lock(here: Path) -> None:
    with target(MEMORY).locked(), target(MEMORY).locked():
        assert list(here.iterdir()) == []


@pytest.mark.parametrize("name", ["bus.db", "./bus.db", "~bus.db"])
def test_a_file_is_locked_however_it_is_named(name: str) -> None:
    with target(name).locked(), pytest.raises(Locked), target(name).locked():
        pass


def broken_off(database: str, *statements: str) -> None:
    with suppress(ZeroDivisionError), target(database).writing() as connection:
        for statement in statements:
            connection.execute(statement)
        raise ZeroDivisionError


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
