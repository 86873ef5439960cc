"""Folder and history laid side by side, without either: what is made of every pair."""

from pathlib import Path

import pytest

from botbus_storage.migrator import MigrationError
from botbus_storage.migrator.folder import Migration
from botbus_storage.migrator.history import Row
from botbus_storage.migrator.plan import Entry, compare, pending, revertible
from botbus_storage.migrator.scripts import Script

NAMES = "abcdefghi"


def migration(version: int, *, down: bool = True) -> Migration:
    label, name = f"{version:04}", NAMES[version]
    up, back = (
        Script(Path(f"{label}_{name}.{way}.sql"), f"SELECT {version};") for way in ("up", "down")
    )
    return Migration(version, label, name, up, back if down else None)


def row(version: int, checksum: str | None = None) -> Row:
    checksum = checksum or migration(version).up.checksum
    return Row(version, NAMES[version], checksum, "2026-01-01T00:00:00Z", 1.0, f"{version}.0")


def laid(files: list[int], applied: list[int]) -> tuple[Entry, ...]:
    return compare([migration(v) for v in files], [row(v) for v in applied])


def versions(migrations: tuple[Migration, ...]) -> list[int]:
    return [each.version for each in migrations]


def said(files: list[int], applied: list[int], to: int | None = None) -> str:
    with pytest.raises(MigrationError) as caught:
        pending(laid(files, applied), to, "botbus")
    return str(caught.value)


def test_states() -> None:
    entries = laid([1, 3, 4], [1, 2, 5, 6])
    states = {entry.version: entry.state for entry in entries}
    assert list(states) == [1, 2, 3, 4, 5, 6]
    assert [*states.values()] == ["applied", "missing", "pending", "pending", "newer", "newer"]
    assert [entry.state for entry in laid([], [1])] == ["newer"]


@pytest.mark.parametrize("checksum", ["0" * 64, "f" * 64])
def test_any_other_checksum_is_a_change(checksum: str) -> None:
    (entry,) = compare([migration(1)], [row(1, checksum)])
    assert entry.state == "changed"


def test_what_is_pending_up_to_a_version() -> None:
    entries = laid([1, 2, 3, 4], [1, 2])
    assert versions(pending(entries, None, "botbus")) == [3, 4]
    assert versions(pending(entries, 3, "botbus")) == [3]
    assert pending(entries, 2, "botbus") == ()
    assert "already at version 2, beyond 1" in said([1, 2, 3], [1, 2], to=1)


@pytest.mark.parametrize("to", [0, 2, 9])
def test_a_version_that_is_none_is_refused(to: int) -> None:
    assert said([1, 3], [], to=to) == f"there is no migration with version {to}"


def test_what_comes_between_is_refused() -> None:
    assert said([1, 2, 3], [1, 3]).startswith("0002_c.up.sql is new, but a later migration")


def test_the_newest_of_a_newer_history_is_told_beside_the_newest_file() -> None:
    told = said([1, 2], [1, 2, 3, 4])
    assert "it is at 0004_e (applied by version 4.0)" in told
    assert "the newest migration known here is 0002;" in told
    assert "known here is 0000;" in said([], [1])


def test_what_is_reverted_is_the_newest_first() -> None:
    entries = laid([1, 2, 3, 4], [1, 2, 3])
    assert versions(revertible(entries, 2, None, "botbus")) == [3, 2]
    assert versions(revertible(entries, 1, 1, "botbus")) == [3, 2]
    assert versions(revertible(entries, 1, 0, "botbus")) == [3, 2, 1]
    assert revertible(entries, 1, 3, "botbus") == ()
    with pytest.raises(MigrationError, match="at least one"):
        revertible(entries, 0, None, "botbus")
    with pytest.raises(MigrationError, match="no migration with version 7"):
        revertible(entries, 1, 7, "botbus")


def test_without_a_way_down_nothing_is_reverted() -> None:
    entries = compare([migration(1, down=False), migration(2)], [row(1), row(2)])
    assert versions(revertible(entries, 1, None, "botbus")) == [2]
    with pytest.raises(MigrationError, match="0001_b has no way down"):
        revertible(entries, 2, None, "botbus")


def test_what_was_changed_or_is_gone_is_refused() -> None:
    with pytest.raises(MigrationError) as caught:
        pending(compare([migration(1)], [row(1, "0" * 64)]), None, "botbus")
    assert str(caught.value).startswith("0001_b.up.sql was changed after it was applied")
    assert "0002_c is gone, but it is applied" in said([1, 3], [1, 2, 3])
