"""The next file of a folder, made in the shape that its other files have."""

import re
from datetime import UTC, datetime
from pathlib import Path

from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.folder import Migration, parse_name, read

_UP = "-- {title}: say here why the schema changes. The statements run in one transaction.\n\n"
_DOWN = "-- Undo {title}, newest object first.\n\n"
_BOTH = "-- {title}: say here why the schema changes.\n\n-- UP\n\n\n-- DOWN\n"


def add(folder: Path, title: str, *, reversible: bool) -> tuple[Path, ...]:
    """Create the next migration, with a way down if `reversible`. Returns the new files.

    Raises MigrationError for a title without letters or digits, and where the folder has problems.
    """
    name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    if not name:
        raise MigrationError(f"{title!r} is no name: use letters and digits, such as add_settings")
    folder.mkdir(parents=True, exist_ok=True)
    files = _next(read(folder), name, reversible=reversible)
    for file, text in files.items():
        with (folder / file).open("x", encoding="utf-8") as stream:
            stream.write(text.format(title=name.replace("_", " ")))
    return tuple(folder / file for file in files)


def _next(migrations: tuple[Migration, ...], name: str, *, reversible: bool) -> dict[str, str]:
    """File names and their texts, in the manner of the newest migration there is."""
    if not migrations:
        return _pair(f"0001_{name}", reversible=reversible)
    newest = migrations[-1]
    shape = parse_name(newest.up.path.name)
    if shape and shape.dated:
        return _dated(newest.label, shape.way, name, reversible=reversible)
    if newest.label.startswith("V"):
        if reversible:
            raise MigrationError(
                "files named V1__name.sql go forward only: add it without a way down (no -r)"
            )
        return {f"V{newest.version + 1}__{name}.sql": _UP}
    stem = f"{newest.version + 1:0{len(newest.label)}}_{name}"
    return _pair(stem, reversible=reversible)


def _dated(label: str, way: str, name: str, *, reversible: bool) -> dict[str, str]:
    """The next number under today's date, or under the newest one if that lies in the future."""
    date, number = label.split("_")
    today = datetime.now(UTC).strftime("%Y%m%d%H%M%S")[: len(date)]
    stem = f"{max(date, today)}_{int(number) + 1:0{len(number)}}_{name}"
    if way == "up":
        return _pair(stem, reversible=reversible)
    return {f"{stem}.sql": _BOTH if reversible else _UP}


def _pair(stem: str, *, reversible: bool) -> dict[str, str]:
    files = {f"{stem}.up.sql": _UP}
    return files | {f"{stem}.down.sql": _DOWN} if reversible else files
