"""One file that holds both directions: everything up to `-- DOWN`, and what follows it.

The way down may be written as plain SQL or commented out (so that other tools, which run the whole
file, do not run it). Commented SQL and commented prose look alike; a commented line begins a
statement only if it begins like one (`DROP TABLE`, `DELETE FROM`, …), and the statement goes on to
its semicolon. Other lines stay comments. Lines keep their numbers throughout.
"""

import re
import sqlite3
from typing import NamedTuple

from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.statements import split

_UP = r"(?m)^[ \t]*--[ \t]*UP[ \t]*:?[ \t]*$"
_DOWN = r"(?m)^[ \t]*--[ \t]*DOWN[ \t]*:?[ \t]*$"
_BEGINS = (
    r"(?i)(?:(?:DROP|ALTER|CREATE)\s+(?:TEMP\w*\s+|UNIQUE\s+|VIRTUAL\s+)?(?:TABLE|INDEX|TRIGGER|VIEW)\b"
    r"|DELETE\s+FROM\b|(?:INSERT|REPLACE)\s+(?:OR\s+\w+\s+)?INTO\b|UPDATE\s+\S+\s+SET\b"
    r"|PRAGMA\s+\w+\s*[=(;]|VACUUM\s*;|REINDEX\b|ANALYZE\b)"
)


class Sections(NamedTuple):
    """Both directions of a file; `down` is None where there is no way back."""

    up: str
    down: str | None


def read_sections(file: str, text: str) -> Sections:
    """Cut the text of `file` at its markers. Raises MigrationError where they make no sense."""
    if "DOWN" not in text:
        return Sections(text, None)
    ups, downs = list(re.finditer(_UP, text)), list(re.finditer(_DOWN, text))
    if len(ups) > 1 or len(downs) > 1:
        raise MigrationError(f"{file} has more than one `-- UP` or `-- DOWN` line")
    if not downs:
        return Sections(text, None)
    cut = downs[0]
    if ups and ups[0].start() > cut.start():
        raise MigrationError(f"{file} has its `-- DOWN` section before `-- UP`")
    down = "\n" * text.count("\n", 0, cut.end()) + text[cut.end() :]
    if next(split(down), None) is None:
        down = uncomment(down)
    has_way_down = next(split(down), None) is not None
    return Sections(text[: cut.start()], down if has_way_down else None)


def uncomment(text: str) -> str:
    """The SQL inside commented lines; lines that are no SQL become empty."""
    found: list[str] = []
    statement = ""
    for line in text.split("\n"):
        bare = line.strip().removeprefix("--").strip()
        if not statement and not re.match(_BEGINS, bare):
            found.append("")
            continue
        found.append(bare)
        statement += bare + "\n"
        if sqlite3.complete_statement(statement):
            statement = ""
    return "\n".join(found)
