"""Folder and history laid side by side: what is applied, pending, changed or missing, and what to do.

Everything here is a pure function of the two; nothing here touches a database or a file. A plan is
made, and refused, before the first statement runs.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.folder import Migration
from botbus_storage.migrator.history import Row

State = Literal["applied", "pending", "changed", "missing", "newer"]


class Entry(NamedTuple):
    """One version as folder and history see it; at least one of the two knows it."""

    version: int
    migration: Migration | None
    row: Row | None
    state: State

    @property
    def title(self) -> str:
        if self.migration:
            return self.migration.title
        return f"{self.version:04}_{self.row.name}" if self.row else str(self.version)


def compare(migrations: Sequence[Migration], rows: Sequence[Row]) -> tuple[Entry, ...]:
    """Every version that folder or history know, in order."""
    files = {migration.version: migration for migration in migrations}
    applied = {row.version: row for row in rows}
    newest = max(files, default=0)
    return tuple(
        Entry(version, files.get(version), applied.get(version), state)
        for version in sorted(files.keys() | applied.keys())
        for state in (_state(files.get(version), applied.get(version), newest),)
    )


def _state(migration: Migration | None, row: Row | None, newest: int) -> State:
    if row is None:
        return "pending"
    if migration is None:
        return "newer" if row.version > newest else "missing"
    return "applied" if row.checksum == migration.up.checksum else "changed"


def pending(entries: Sequence[Entry], to: int | None, program: str) -> tuple[Migration, ...]:
    """What to apply, oldest first, up to and with version `to`. Raises MigrationError."""
    refuse_conflicts(entries, program)
    last = max((entry.version for entry in entries if entry.row), default=0)
    waiting = [entry.migration for entry in entries if entry.migration and not entry.row]
    for migration in waiting:
        if migration.version < last:
            raise MigrationError(
                f"{migration.up.path.name} is new, but a later migration is already applied: "
                "give it the next number"
            )
    if to is None:
        return tuple(waiting)
    _require_known(entries, to)
    if to < last:
        raise MigrationError(
            f"the database is already at version {last}, beyond {to}: use revert to go back"
        )
    return tuple(migration for migration in waiting if migration.version <= to)


def revertible(
    entries: Sequence[Entry], steps: int, to: int | None, program: str
) -> tuple[Migration, ...]:
    """What to revert, newest first: `steps` migrations, or all after version `to` (0 means all)."""
    refuse_conflicts(entries, program)
    applied = [entry.migration for entry in reversed(entries) if entry.row and entry.migration]
    if to is None:
        if steps < 1:
            raise MigrationError(f"cannot revert {steps} migrations: revert at least one")
        chosen = applied[:steps]
    else:
        if to:
            _require_known(entries, to)
        chosen = [migration for migration in applied if migration.version > to]
    for migration in chosen:
        if migration.down is None:
            raise MigrationError(
                f"{migration.title} has no way down, so nothing was reverted: write its down file, "
                "or restore the backup made before it"
            )
    return tuple(chosen)


def refuse_conflicts(entries: Sequence[Entry], program: str) -> None:
    """Raise MigrationError unless every applied migration is still there, unchanged."""
    if sentences := tuple(_conflicts(entries, program)):
        raise MigrationError("; ".join(sentences))


def _conflicts(entries: Sequence[Entry], program: str) -> Iterator[str]:
    newer = [entry.row for entry in entries if entry.state == "newer" and entry.row]
    if newer:
        last = newer[-1]
        known = max((entry.version for entry in entries if entry.migration), default=0)
        yield (
            f"this database was written by a newer {program}: it is at {last.version:04}_{last.name} "
            f"(applied by version {last.app_version}), the newest migration known here is "
            f"{known:04}; install that version, or restore a backup from before it"
        )
    for entry in entries:
        if entry.state == "missing":
            yield f"the file of {entry.title} is gone, but it is applied: put it back"
        elif entry.state == "changed" and entry.migration and entry.row:
            yield (
                f"{entry.migration.up.path.name} was changed after it was applied (checksum then "
                f"{entry.row.checksum}, now {entry.migration.up.checksum}): put the old text back "
                "and make the change in a new migration"
            )


def _require_known(entries: Sequence[Entry], to: int) -> None:
    if all(entry.version != to for entry in entries):
        raise MigrationError(f"there is no migration with version {to}")
