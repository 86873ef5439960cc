"""docs/data.md tells the schema as it is: every table, column, rule, index and trigger."""

import re
import sqlite3
from contextlib import closing

import botbus_migrations
from botbus_storage.migrator import GOLDEN
from tests.migrations import data_page

AGAIN = "run `make schema`, which writes docs/data.md anew"


def test_the_page_is_what_the_migrations_make() -> None:
    assert data_page.written() == data_page.render(), AGAIN


def test_nothing_of_the_schema_is_missing() -> None:
    """By SQLite's own word, in case the page and its writer leave the same thing out."""
    page = data_page.written()
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript((botbus_migrations.FOLDER / GOLDEN).read_text())
        made = connection.execute(
            "SELECT type, name FROM sqlite_master WHERE sql IS NOT NULL"
        ).fetchall()
        for kind, name in made:
            assert re.search(rf"\b{name}\b", page), f"{kind} {name}"
        for table in [name for kind, name in made if kind == "table"]:
            section = page.split(f"### {table}\n")[1].split("\n### ")[0]
            told = set(re.findall(r"^\| (\w+) \|", section, re.MULTILINE)) - {"column"}
            columns = connection.execute(f"PRAGMA table_info({table})")
            assert told == {row[1] for row in columns}, table


def test_the_drawing_has_every_table_and_every_reference() -> None:
    drawing = data_page.written().split("```")[1]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript((botbus_migrations.FOLDER / GOLDEN).read_text())
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_history'"
        ).fetchall()
        for (table,) in tables:
            assert f" {table}" in drawing
            for row in connection.execute(f"PRAGMA foreign_key_list({table})"):
                assert f'{row[2]} ||--o{{ {table} : "{row[3]}"' in drawing
