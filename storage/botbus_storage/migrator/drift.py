"""Where a live schema differs from the one it should be, object by object, in sentences."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from botbus_storage.migrator.errors import MigrationError
from botbus_storage.migrator.schema import Schema, Table, describe
from botbus_storage.migrator.statements import split


def golden_schema(script: Path) -> Schema:
    """The schema that a script makes. Raises MigrationError naming the line that fails."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for statement in split(script.read_text()):
            try:
                connection.execute(statement.text)
            except (sqlite3.Error, sqlite3.Warning) as error:
                raise MigrationError(
                    f"{script.name} fails at line {statement.line}: {error}"
                ) from error
        return describe(connection)
    finally:
        connection.close()


def drift(live: Schema, golden: Schema) -> Iterator[str]:
    """A sentence for each difference."""
    for name in sorted(live.tables.keys() | golden.tables.keys()):
        if name not in live.tables:
            yield f"table {name} is missing"
        elif name not in golden.tables:
            yield f"table {name} should not be there"
        else:
            yield from _table_drift(name, live.tables[name], golden.tables[name])
    for key in sorted(live.others.keys() | golden.others.keys()):
        kind, name = key
        if key not in live.others:
            yield f"{kind} {name} is missing"
        elif key not in golden.others:
            yield f"{kind} {name} should not be there"
        elif live.others[key].tokens != golden.others[key].tokens:
            yield f"{kind} {name} is `{live.others[key].shown}`, not `{golden.others[key].shown}`"


def _table_drift(name: str, live: Table, golden: Table) -> Iterator[str]:
    yield from _column_drift(name, live, golden)
    for tokens in golden.constraints.keys() - live.constraints.keys():
        yield f"table {name}: constraint `{golden.constraints[tokens]}` is missing"
    for tokens in live.constraints.keys() - golden.constraints.keys():
        yield f"table {name}: constraint `{live.constraints[tokens]}` should not be there"
    if live.options.tokens != golden.options.tokens:
        is_now, should = live.options.shown or "nothing", golden.options.shown or "nothing"
        yield f"table {name}: after the columns stands {is_now}, not {should}"


def _column_drift(name: str, live: Table, golden: Table) -> Iterator[str]:
    for column, definition in golden.columns.items():
        if column not in live.columns:
            yield f"table {name}: column {column} is missing"
        elif live.columns[column].tokens != definition.tokens:
            yield (
                f"table {name}: column {column} is `{live.columns[column].shown}`, "
                f"not `{definition.shown}`"
            )
    for column in live.columns.keys() - golden.columns.keys():
        yield f"table {name}: column {column} should not be there"
    if live.columns.keys() == golden.columns.keys() and list(live.columns) != list(golden.columns):
        is_now, should = ", ".join(live.columns), ", ".join(golden.columns)
        yield f"table {name}: the columns stand in the order {is_now}, not {should}"
