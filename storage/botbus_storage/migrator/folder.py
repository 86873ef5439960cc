"""A folder of migrations, read and linted: file names in, migrations in order out.

Three shapes of names are known, so that sets made for other tools run as they are:

    0001_name.up.sql, 0001_name.down.sql     counted, reversible if the second is there
    V1__name.sql                             counted, forward only
    20250115_001_name.sql                    dated and counted, `-- UP` and `-- DOWN` in one file

A file that looks like a migration and is none, a number that is missing or there twice: all of it
is reported by name before anything runs, because a migration that is silently left out is worse
than one that fails.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.scripts import Script
from botbus_storage.migrator.sections import read_sections

GOLDEN = "schema.sql"
"""The one other SQL file a folder may hold: what the sum of its migrations makes."""

_DATED = r"(?P<date>\d{8,14})_(?P<number>\d{1,4})_(?P<name>\w+?)(?:\.(?P<way>up|down))?\.sql"
_COUNTED = r"(?!\d{8,14}_\d{1,4}_)(?P<number>\d{1,18})_(?P<name>\w+)\.(?P<way>up|down)\.sql"
_FORWARD = r"V(?P<number>\d{1,18})__(?P<name>\w+)\.sql"
_NUMBERS_OF_A_DATE = 10_000
_SMALLEST_DATE = 10_000_000


class Migration(NamedTuple):
    """One step of a schema. `label` is its number as the file name has it."""

    version: int
    label: str
    name: str
    up: Script
    down: Script | None

    @property
    def title(self) -> str:
        return f"{self.label}_{self.name}"


class Name(NamedTuple):
    """What a file name says. `way` is up, down, or empty where one file holds everything."""

    version: int
    label: str
    name: str
    way: str
    dated: bool = False


def parse_name(file: str) -> Name | None:
    """What the name of a file says, or None if it is not the name of a migration."""
    if found := re.fullmatch(_COUNTED, file):
        return Name(int(found["number"]), found["number"], found["name"], found["way"])
    if found := re.fullmatch(_FORWARD, file):
        return Name(int(found["number"]), f"V{found['number']}", found["name"], "up")
    if found := re.fullmatch(_DATED, file):
        label = f"{found['date']}_{found['number']}"
        version = int(found["date"]) * _NUMBERS_OF_A_DATE + int(found["number"])
        return Name(version, label, found["name"], found["way"] or "", dated=True)
    return None


def parse_version(text: str) -> int:
    """The version meant by `3`, `0003`, `V3` or `20250115_001`. Raises MigrationError."""
    if found := re.fullmatch(r"(\d{8,14})_(\d{1,4})", text):
        return int(found[1]) * _NUMBERS_OF_A_DATE + int(found[2])
    if found := re.fullmatch(r"V?(\d{1,18})", text):
        return int(found[1])
    raise MigrationError(f"{text!r} is not a version: use a number such as 3 or 20250115_001")


def read(folder: Path) -> tuple[Migration, ...]:
    """The migrations of a folder in order. Raises MigrationError with every problem by name."""
    migrations, problems = survey(folder)
    if problems:
        raise MigrationError(f"the migrations in {folder} cannot be used: " + "; ".join(problems))
    return migrations


def survey(folder: Path) -> tuple[tuple[Migration, ...], tuple[str, ...]]:
    """The migrations of a folder as far as they can be read, and a sentence for each problem."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".sql")
    except OSError as error:
        return (), (f"the folder cannot be read: {error.strerror}",)
    names = {path: parse_name(path.name) for path in files if path.name != GOLDEN}
    problems = [
        f"{path.name} is not the name of a migration" for path, name in names.items() if not name
    ]
    known = {path: name for path, name in names.items() if name}
    problems += _number_problems(known)
    problems += _orphans(known)
    migrations = []
    for path, name in known.items():
        if name.way != "down":
            try:
                migrations.append(_load(path, name))
            except MigrationError as error:
                problems.append(str(error))
    return tuple(sorted(migrations, key=lambda migration: migration.version)), tuple(problems)


def _load(path: Path, name: Name) -> Migration:
    sections = read_sections(path.name, _text(path))
    down_path = path.with_name(path.name.removesuffix(".up.sql") + ".down.sql")
    if name.way == "up":
        down = Script(down_path, _text(down_path)) if down_path.exists() else None
        if sections.down is not None:
            raise MigrationError(f"{path.name} goes up only, but has a `-- DOWN` section")
    else:
        down = Script(path, sections.down) if sections.down is not None else None
    return Migration(name.version, name.label, name.name, Script(path, sections.up), down)


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MigrationError(f"{path.name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MigrationError(f"{path.name} is not UTF-8 text (byte {error.start})") from error
    if "\0" in text:
        raise MigrationError(f"{path.name} holds a NUL character, which SQL text cannot")
    return text


def _number_problems(names: dict[Path, Name]) -> Iterator[str]:
    """Numbers that are there twice, missing, or of two kinds that have no common order."""
    files: dict[int, list[str]] = {}
    for path, name in names.items():
        if name.way != "down":
            files.setdefault(name.version, []).append(path.name)
    for version, same in sorted(files.items()):
        if len(same) > 1:
            yield f"number {version} is there more than once: {', '.join(same)}"
    dated = {name.version for name in names.values() if name.dated}
    counted = files.keys() - dated
    if dated and counted:
        yield "counted and dated names have no common order: use one kind in a folder"
    yield from _gaps(sorted(counted))
    yield from _gaps_of_dates(sorted(dated))


def _gaps(counted: list[int]) -> Iterator[str]:
    """Missing numbers below 8 digits (longer ones are dates, which have gaps by nature)."""
    small = [version for version in counted if version < _SMALLEST_DATE]
    for before, after in pairwise([0, *small]):
        if after - before > 1:
            yield _missing(before + 1, after - 1)


def _gaps_of_dates(dated: list[int]) -> Iterator[str]:
    """Missing numbers in a dated set, which may count on over the dates or begin anew with each."""
    for before, after in pairwise(dated):
        date, number = divmod(after, _NUMBERS_OF_A_DATE)
        last = before % _NUMBERS_OF_A_DATE
        begins_anew = number <= 1
        if not begins_anew and number != last + 1:
            yield f"number {last + 1:03} is missing before {date}_{number:03}"


def _missing(first: int, last: int) -> str:
    span = f"{first:04}" if first == last else f"{first:04} to {last:04}"
    return f"number {span} is missing"


def _orphans(names: dict[Path, Name]) -> Iterator[str]:
    for path, name in names.items():
        up = path.name.removesuffix(".down.sql") + ".up.sql"
        if name.way == "down" and path.with_name(up) not in names:
            yield f"{path.name} is a way down without {up}"
