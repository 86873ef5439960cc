"""Writing one row of a shared record. Names are from the code, values are bound."""

from collections.abc import Mapping, Sequence
from typing import Any

from botbus_protocol.errors import Code, Refused
from botbus_storage.writing.transaction import Transaction


def insert(tx: Transaction, table: str, row: Mapping[str, Any]) -> None:
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    tx.connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", [*row.values()])


def update(
    tx: Transaction, table: str, key: str, changes: Mapping[str, Any], *, column: str = "id"
) -> None:
    sets = ", ".join(f"{name} = ?" for name in changes)
    tx.connection.execute(f"UPDATE {table} SET {sets} WHERE {column} = ?", [*changes.values(), key])


def exists(tx: Transaction, statement: str, *values: Any) -> bool:
    return tx.connection.execute(statement, values).fetchone() is not None


def given(op: Any, fields: Sequence[str]) -> dict[str, Any]:
    """The fields of an update that are to change; empty text becomes no text."""
    values = {field: getattr(op, field) for field in fields}
    return {field: value or None for field, value in values.items() if value is not None}


def check_repeat(what: str, there: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """That what is there is what is asked for once more. Raises Refused (`conflict`)."""
    if differing := [field for field, value in asked.items() if there[field] != value]:
        raise Refused(
            Code.CONFLICT,
            f"{what} is there already, and its {differing[0]} is not what you give: "
            "give every new thing an id of its own",
            field=differing[0],
        )


def missing(what: str, key: str, advice: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"there is no {what} {key}: {advice}", id=key)
