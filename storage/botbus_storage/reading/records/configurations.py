"""Configurations by key. Only who asks for one by its key is given the value of a secret."""

import sqlite3
from typing import Any

from msgspec import Struct

from botbus_protocol.records import Configuration, ValueType
from botbus_storage.reading.records.paging import within_budget
from botbus_storage.reading.records.rows import CONFIGURATION, configuration_of, without_secret

_BEYOND_ALL = "\x7f"
"""Sorts behind every character of a key."""


class ConfigurationScope(Struct, frozen=True, kw_only=True):
    """Which configurations; None stands for any."""

    prefix: str = ""
    value_type: ValueType | None = None
    is_secret: bool | None = None


def get_configuration(connection: sqlite3.Connection, key: str) -> Configuration | None:
    row = connection.execute(f"{CONFIGURATION} WHERE key = ?", (key,)).fetchone()
    return None if row is None else configuration_of(row)


def list_configurations(
    connection: sqlite3.Connection, scope: ConfigurationScope, after: str, limit: int
) -> list[Configuration]:
    """By key, after a key."""
    lower = ("key > ?", after) if after >= scope.prefix else ("key >= ?", scope.prefix)
    upper = ("key < ?", scope.prefix + _BEYOND_ALL)
    conditions: dict[str, Any] = {"value_type": scope.value_type, "is_secret": scope.is_secret}
    wheres, parameters = [lower[0], upper[0]], [lower[1], upper[1]]
    for column, value in conditions.items():
        if value is not None:
            wheres.append(f"{column} = ?")
            parameters.append(value)
    statement = f"{CONFIGURATION} WHERE {' AND '.join(wheres)} ORDER BY key LIMIT ?"
    return within_budget(connection, statement, [*parameters, limit], _shown)


def _shown(row: tuple[Any, ...]) -> Configuration:
    return without_secret(configuration_of(row))
