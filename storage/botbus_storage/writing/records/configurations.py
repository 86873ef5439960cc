"""Configurations: typed values, changed one at a time, each change told in a message.

The message of a change has the id that the sender gave the change. A repeat finds it there and changes
nothing, whatever has happened since. Of a secret the message tells everything but the value, and to a
bot that may not read it no outcome depends on the value: else guesses could be tried on it.
"""

import sqlite3
from typing import Any

import msgspec
import orjson

from botbus_protocol.configuration_values import CONFIG_CHANNEL, fitted, natural_type
from botbus_protocol.errors import Code, Refused
from botbus_protocol.records import Configuration, ConfigurationChange, Message, ValueType
from botbus_storage.reading.records.configurations import get_configuration
from botbus_storage.reading.records.rows import without_secret
from botbus_storage.record_operations.configurations import SetConfiguration, UnsetConfiguration
from botbus_storage.record_operations.outcomes import Configured
from botbus_storage.writing.events import append_event
from botbus_storage.writing.records.rows import insert, update
from botbus_storage.writing.transaction import Transaction

_TOLD = "SELECT recipient_channel, json_extract(body, '$.key') FROM bot_messages WHERE id = ?"
_VALUE = "SELECT value FROM configurations WHERE key = ?"
_DELETE = "DELETE FROM configurations WHERE key = ?"


def set_configuration(tx: Transaction, op: SetConfiguration) -> Configured:
    there = get_configuration(tx.connection, op.key)
    if _was_told(tx, op):
        return _as_it_is_now(op, there)
    _check_condition(tx, op, there)
    row = _row_of(op, there)
    if there is not None and _may_compare(op, there) and _is_so(tx.connection, there, row):
        return Configured(configuration=without_secret(there), changed=False)
    if there is None:
        insert(tx, "configurations", row | {"created_at": tx.now, "updated_at": tx.now})
    else:
        update(tx, "configurations", op.key, row | {"updated_at": tx.now}, column="key")
    now = get_configuration(tx.connection, op.key)
    assert now is not None
    shown = without_secret(now)
    return Configured(configuration=shown, message=_tell(tx, op, "config.set", shown))


def _as_it_is_now(op: SetConfiguration, there: Configuration | None) -> Configured:
    """The outcome of a change that was made before. Raises Refused if its key is gone by now."""
    if there is None:
        raise Refused(
            Code.NOT_FOUND, f"{op.key} was set by this change, and has been unset since", key=op.key
        )
    return Configured(configuration=without_secret(there), changed=False)


def unset_configuration(tx: Transaction, op: UnsetConfiguration) -> Configured:
    there = get_configuration(tx.connection, op.key)
    if _was_told(tx, op) or there is None:
        return Configured(configuration=None, changed=False)
    _check_condition(tx, op, there)
    message = _tell(tx, op, "config.unset", without_secret(there))
    tx.connection.execute(_DELETE, (op.key,))
    return Configured(configuration=None, message=message)


def _was_told(tx: Transaction, op: SetConfiguration | UnsetConfiguration) -> bool:
    """Whether this change was made before. Raises Refused if its id is of something else."""
    tx.flush()
    found = tx.connection.execute(_TOLD, (op.id,)).fetchone()
    if found is not None and found != (CONFIG_CHANNEL, op.key):
        owner = f"a change of {found[1]}" if found[0] == CONFIG_CHANNEL else "a message"
        raise Refused(
            Code.CONFLICT,
            f"the id {op.id} belongs to {owner}: give every change an id of its own",
        )
    return found is not None


def _check_condition(
    tx: Transaction, op: SetConfiguration | UnsetConfiguration, there: Configuration | None
) -> None:
    """Raises Refused (`conflict`) unless the value is what the condition says; `denied` if the bot may
    not know whether it is.
    """
    if isinstance(op, SetConfiguration) and op.if_absent and there is not None:
        raise Refused(
            Code.CONFLICT, f"{op.key} is there already: leave out if_absent to replace it"
        )
    if op.if_value is None:
        return
    if there is None:
        raise Refused(Code.CONFLICT, f"{op.key} is not there: it has none of the value expected")
    if not _may_compare(op, there):
        raise Refused(
            Code.DENIED,
            f"{op.key} is a secret that {op.bot} may not read, nor compare with a value: leave out "
            "if_value",
            key=op.key,
        )
    if not _same(_stored(tx.connection, op.key), op.if_value, there.value_type):
        raise Refused(
            Code.CONFLICT,
            f"{op.key} has another value by now: read it again, and decide anew",
            updated_at=there.updated_at,
        )


def _may_compare(op: SetConfiguration | UnsetConfiguration, there: Configuration) -> bool:
    return op.may_read or not there.is_secret


def _row_of(op: SetConfiguration, there: Configuration | None) -> dict[str, Any]:
    """The columns of a configuration. Raises Refused if the value does not have the type."""
    value = msgspec.json.decode(op.value)
    kind = op.value_type or (there.value_type if there else natural_type(value))
    try:
        text = orjson.dumps(fitted(op.key, value, kind)).decode()
    except ValueError as error:
        raise Refused(Code.INVALID, str(error), key=op.key, value_type=kind) from None
    secret = (there is not None and there.is_secret) if op.is_secret is None else op.is_secret
    description = there.description if there is not None else None
    if op.description is not None:
        description = op.description or None
    return {
        "key": op.key,
        "value": text,
        "value_type": kind,
        "description": description,
        "is_secret": secret,
    }


def _is_so(connection: sqlite3.Connection, there: Configuration, row: dict[str, Any]) -> bool:
    others = ("value_type", "description", "is_secret")
    return all(getattr(there, field) == row[field] for field in others) and _same(
        _stored(connection, there.key), row["value"], there.value_type
    )


def _same(stored: str, given: str, kind: ValueType) -> bool:
    """Whether two texts of JSON say the same; the order of keys does not matter."""
    value = msgspec.json.decode(given)
    if kind == "float" and natural_type(value) == "integer":
        value = float(value)
    return _canonical(msgspec.json.decode(stored)) == _canonical(value)


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _stored(connection: sqlite3.Connection, key: str) -> str:
    return str(connection.execute(_VALUE, (key,)).fetchone()[0])


def _tell(
    tx: Transaction,
    op: SetConfiguration | UnsetConfiguration,
    kind: ConfigurationChange,
    shown: Configuration,
) -> Message:
    body: dict[str, object] = {
        "key": op.key,
        "value_type": shown.value_type,
        "is_secret": shown.is_secret,
        "by": op.bot,
    }
    if kind == "config.set" and not shown.is_secret:
        body["value"] = msgspec.json.decode(_stored(tx.connection, op.key))
    return append_event(tx, op.id, CONFIG_CHANNEL, kind, body)
