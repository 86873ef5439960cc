"""The generated part of docs/data.md: every table, from the migrations themselves.

What a table is for is the comment above it in its migration, what a column is for the comment beside
it, and everything else SQLite is asked for. `python -m tests.migrations.data_page` writes the page
anew; a test holds them together.
"""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import botbus_migrations
from botbus_storage.migrator import GOLDEN

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
BEGIN = "<!-- written by `python -m tests.migrations.data_page` -->\n"
END = "<!-- the end of what is written so -->\n"

_COMMENTED = re.compile(
    r"((?:^-- .*\n)+)^(?:CREATE TABLE (\w+)|ALTER TABLE (\w+) ADD COLUMN (\w+))", re.MULTILINE
)
_TABLE = re.compile(r"^CREATE TABLE (\w+)(?<!_rebuilt)\b", re.MULTILINE)
"""One that is rebuilt takes the place, and the name, of another."""


class Column(NamedTuple):
    name: str
    type: str
    rules: str
    meaning: str


def render() -> str:
    """The generated part."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript((botbus_migrations.FOLDER / GOLDEN).read_text())
        parts = [_drawing(connection)]
        for heading, introduction, tables in _groups():
            parts.append(f"## {heading}\n{introduction}\n")
            parts += [_table(connection, table) for table in tables]
    return "\n".join(parts)


def written() -> str:
    """The generated part as the page has it."""
    return PAGE.read_text().split(BEGIN)[1].split(END)[0]


def write() -> None:
    before, _, after = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + render() + END + after.partition(END)[2])


def _groups() -> list[tuple[str, str, list[str]]]:
    """The tables of each migration that makes some: its name, its first comment, its tables."""
    groups = []
    for path in sorted(botbus_migrations.FOLDER.glob("*.up.sql")):
        text = path.read_text()
        if tables := _TABLE.findall(text):
            first = re.match(r"(?:-- .*\n)+", text)
            name = path.name.split(".")[0].partition("_")[2].replace("_", " ").capitalize()
            groups.append((name, _prose(first[0]) if first else "", tables))
    return groups


def _meanings() -> dict[str, str]:
    """The comments above tables, and above columns that were added later, by name."""
    found = {}
    for path in sorted(botbus_migrations.FOLDER.glob("*.up.sql")):
        for comment, table, altered, column in _COMMENTED.findall(path.read_text()):
            found[table or f"{altered}.{column}"] = _prose(comment)
    return found


def _prose(comment: str) -> str:
    return " ".join(line.removeprefix("-- ") for line in comment.splitlines())


def _drawing(connection: sqlite3.Connection) -> str:
    """All references between tables, as a diagram."""
    lines = [
        f'    {row[2]} ||--o{{ {table} : "{row[3]}"'
        for table in _tables(connection)
        for row in connection.execute(f"PRAGMA foreign_key_list({table})")
    ]
    alone = [t for t in _tables(connection) if not any(f" {t} " in line for line in lines)]
    body = "\n".join([*sorted(lines), *(f"    {table}" for table in sorted(alone))])
    return f"```mermaid\nerDiagram\n{body}\n```\n"


def _tables(connection: sqlite3.Connection) -> list[str]:
    statement = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    return [name for (name,) in connection.execute(statement) if name != "schema_history"]


def _table(connection: sqlite3.Connection, table: str) -> str:
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    columns, rules = _definitions(table, sql)
    lines = [f"### {table}", _meanings().get(table, ""), "", "| column | type | rules | |"]
    lines.append("|---|---|---|---|")
    lines += [_row(column) for column in columns]
    lines.append("")
    lines += [f"- {_code(rule)}" for rule in rules]
    lines += [f"- {_code(made)}" for made in _beside(connection, table)]
    return "\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n"


def _row(column: Column) -> str:
    cells = (column.name, column.type, _code(column.rules), column.meaning)
    return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in cells)}|"


def _definitions(table: str, sql: str) -> tuple[list[Column], list[str]]:
    """The columns and the rules of a table, as its statement says."""
    body = sql[sql.index("(") + 1 : sql.rindex(")")]
    columns, rules, text, meaning = [], [], "", ""
    for line in [*body.splitlines(), ","]:
        code, _, comment = line.partition("--")
        meaning = f"{meaning} {comment.strip()}".strip()
        text = f"{text} {code.strip()}".strip()
        if not text.endswith(",") or text.count("(") != text.count(")"):
            continue
        for definition in _split(text.removesuffix(",")):
            first = definition.split()[0]
            if first in {"PRIMARY", "CHECK", "UNIQUE", "FOREIGN"}:
                rules.append(definition)
            else:
                columns.append(_column(table, definition, meaning))
        text = meaning = ""
    return columns, rules


def _split(text: str) -> list[str]:
    """Definitions on one line: a column that was added later stands behind the last one."""
    parts, depth, part = [], 0, ""
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += character
    return [found for found in [*parts, part.strip()] if found]


def _column(table: str, definition: str, meaning: str) -> Column:
    name, kind, *rules = definition.split(maxsplit=2)
    later = _meanings().get(f"{table}.{name}", "")
    return Column(name, kind, " ".join(rules), meaning or later)


def _beside(connection: sqlite3.Connection, table: str) -> list[str]:
    """Its indexes and triggers; of a trigger its first line."""
    statement = """
        SELECT type, sql FROM sqlite_master
        WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY type, name
    """
    return [
        " ".join(sql.split("\nBEGIN")[0].split()).removeprefix("CREATE ")
        for _, sql in connection.execute(statement, (table,))
    ]


def _code(text: str) -> str:
    return f"`{' '.join(text.split())}`".replace("|", "\\|") if text else ""


if __name__ == "__main__":
    write()
