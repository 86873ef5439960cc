"""The schema of a database as objects that can be compared, and as text that can be kept.

SQLite keeps every object as the statement that made it and updates that text with each ALTER, so
the text is the whole truth: types, defaults, checks, collations, foreign keys. A table is taken
apart into its columns and constraints, so that a difference can be told as what it is. White space,
comments, letter case and needless quotes make no difference.
"""

import re
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from botbus_storage.migrator.history import TABLE as HISTORY

_TOKEN = re.compile(
    r"""--[^\n]* | /\*.*?(?:\*/|\Z) | (?P<quoted>"[^"]*"|`[^`]*`|\[[^\]]*\])
    | (?P<kept>'(?:[^']|'')*' | \w+ | [<>=!|\-]{2,3} | \S)""",
    re.DOTALL | re.VERBOSE,
)
_CONSTRAINTS = frozenset({"constraint", "primary", "unique", "check", "foreign"})
_HEADER = (
    "-- What the migrations of this folder make. Written by `botbus migrate schema`, not by hand.\n"
)


class Definition(NamedTuple):
    """A piece of SQL: how it compares, and how it is shown."""

    tokens: tuple[str, ...]
    shown: str


class Table(NamedTuple):
    """A table taken apart. `options` is what follows the columns, such as STRICT."""

    columns: dict[str, Definition]
    constraints: dict[tuple[str, ...], str]
    options: Definition


class Schema(NamedTuple):
    """Everything in a database but rows, the history, and what SQLite keeps for itself.

    `others` holds indexes, triggers, views and virtual tables by their kind and name.
    """

    tables: dict[str, Table]
    others: dict[tuple[str, str], Definition]


def describe(connection: sqlite3.Connection) -> Schema:
    """The schema of an open database."""
    tables: dict[str, Table] = {}
    others: dict[tuple[str, str], Definition] = {}
    for kind, name, _, sql in _objects(connection):
        definition = _definition(sql)
        if kind == "table" and definition.tokens[1] != "virtual":
            tables[name] = _table(sql)
        else:
            others[("virtual table" if kind == "table" else kind, name)] = definition
    return Schema(tables, others)


def dump(connection: sqlite3.Connection) -> str:
    """The schema as a script: each table or view, followed by its indexes and triggers."""
    objects = _objects(connection)
    parts = [_HEADER]
    for kind, name, _, sql in objects:
        if kind in ("table", "view"):
            parts.append(f"{sql};\n")
            hung = sorted(
                each for each in objects if each[2] == name and each[0] in ("index", "trigger")
            )
            parts += [f"{each[3]};\n" for each in hung]
    return "\n".join(parts)


def _objects(connection: sqlite3.Connection) -> list[tuple[str, str, str, str]]:
    """Kind, name, table and SQL of every object, in the order they were made."""
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name <> ? AND name NOT IN"
        " (SELECT name FROM pragma_table_list WHERE type = 'shadow') ORDER BY rowid",
        (HISTORY,),
    )
    return rows.fetchall()


def _tokens(sql: str) -> Iterator[tuple[str, int, int]]:
    """The words and signs of a statement in comparable form, with the place of each."""
    for found in _TOKEN.finditer(sql):
        if quoted := found["quoted"]:
            yield quoted[1:-1].lower(), found.start(), found.end()
        elif kept := found["kept"]:
            yield kept if kept.startswith("'") else kept.lower(), found.start(), found.end()


def _definition(sql: str) -> Definition:
    bare = _TOKEN.sub(lambda found: found[0] if found["quoted"] or found["kept"] else "", sql)
    return Definition(tuple(word for word, _, _ in _tokens(sql)), " ".join(bare.split()))


def _table(sql: str) -> Table:
    """Take a CREATE TABLE apart: what stands between its outer parentheses, and what follows them."""
    items: list[tuple[int, int]] = []
    depth, start, end = 0, 0, len(sql)
    for word, left, right in _tokens(sql):
        depth += (word == "(") - (word == ")")
        if word == "(" and depth == 1 and not start:
            start = right
        elif depth == 0 and word == ")":
            items.append((start, left))
            end = right
        elif depth == 1 and word == ",":
            items.append((start, left))
            start = right
    table = Table({}, {}, _definition(sql[end:]))
    for left, right in items:
        _put(table, sql[left:right])
    return table


def _put(table: Table, item: str) -> None:
    """Add one column or constraint to a table."""
    tokens = list(_tokens(item))
    first, left, right = tokens[0]
    if first in _CONSTRAINTS and item[left:right].lower() == first:
        definition = _definition(item)
        table.constraints[definition.tokens] = definition.shown
    else:
        table.columns[first] = _definition(item[right:])
