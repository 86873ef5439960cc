"""Definitions of workflows: by id, by name and owner, by what somebody calls them, and page by page.

What a run began with is kept apart from what is saved now: `definition_of_run` gives the former.
"""

import sqlite3
from typing import Any

import msgspec
from msgspec import Struct

from botbus_protocol import bodies
from botbus_protocol.errors import Code, Refused
from botbus_protocol.grammar import looks_like_id
from botbus_protocol.records import Definition, OwnerType
from botbus_storage.reading.rows import READ_BYTES

_COLUMNS = """
    w.id, w.name, w.version, w.owner_type, coalesce(b.name, w.owner_bot_id), w.status, w.description,
    w.definition, w.created_at, w.updated_at
"""
_FROM = "workflows w LEFT JOIN bots b ON b.id = w.owner_bot_id"
_BY_ID = f"SELECT {_COLUMNS} FROM {_FROM} WHERE w.id = ?"
_BY_OWNER = f"""
    SELECT {_COLUMNS} FROM {_FROM}
    WHERE w.name = ? AND w.owner_type = ? AND coalesce(w.owner_bot_id, '') = ?
"""
_OF_RUN = """
    SELECT w.id, r.workflow_name, s.version, w.owner_type, coalesce(b.name, w.owner_bot_id),
        w.status, s.definition ->> 'description', s.definition, w.created_at, s.saved_at
    FROM workflow_runs r JOIN workflow_snapshots s ON s.snapshot_id = r.snapshot_id
    JOIN workflows w ON w.id = r.workflow_id LEFT JOIN bots b ON b.id = w.owner_bot_id
    WHERE r.id = ?
"""
STANDING = "id, name, version, status, concurrency"
"""What decides about the runs of a workflow."""
_NAMED = f"SELECT {STANDING}, owner_type, owner_bot_id FROM workflows WHERE name = ?"
_OWNERS = f"SELECT coalesce(b.name, w.owner_bot_id) FROM {_FROM} WHERE w.name = ? ORDER BY 1"
_LIST = f"SELECT {_COLUMNS} FROM {_FROM} WHERE (w.name, w.id) > (:name, :id)"
_OF_TYPE = " AND w.owner_type = :owner_type"
_OF_BOT = " AND w.owner_bot_id = :owner_bot_id"
_PAGE = " ORDER BY w.name, w.id LIMIT :limit"

MOST_OWNERS = 10
"""Owners that a sentence lists."""


class Shelf(Struct, frozen=True, kw_only=True):
    """Which definitions are asked for, and from where on: name and id of the last one seen."""

    owner_type: OwnerType | None = None
    owner_bot_id: str | None = None
    after: tuple[str, str] = ("", "")
    limit: int = 100


def read_definition(connection: sqlite3.Connection, workflow_id: str) -> Definition | None:
    return _one(connection, _BY_ID, workflow_id)


def owned_definition(
    connection: sqlite3.Connection, name: str, owner_type: OwnerType, owner_bot_id: str | None
) -> Definition | None:
    """The definition of exactly this owner."""
    return _one(connection, _BY_OWNER, name, owner_type, owner_bot_id or "")


def definition_of_run(connection: sqlite3.Connection, run_id: str) -> Definition | None:
    """The definition that a run began with."""
    return _one(connection, _OF_RUN, run_id)


def list_definitions(connection: sqlite3.Connection, shelf: Shelf) -> list[Definition]:
    """By name and id; fewer than asked for if they are large."""
    statement = _LIST
    if shelf.owner_bot_id is not None:
        statement += _OF_BOT
    elif shelf.owner_type is not None:
        statement += _OF_TYPE
    name, last_id = shelf.after
    rows = connection.execute(
        statement + _PAGE,
        {
            "name": name,
            "id": last_id,
            "owner_type": shelf.owner_type,
            "owner_bot_id": shelf.owner_bot_id,
            "limit": shelf.limit,
        },
    )
    found: list[Definition] = []
    budget = READ_BYTES
    for row in rows:
        found.append(_definition(row))
        budget -= len(row[7])
        if budget <= 0:
            break
    return found


def resolve_definition(connection: sqlite3.Connection, name_or_id: str, bot_id: str) -> Definition:
    """What a bot means by a name: its own, else the global one, else the only one; or an id.

    Raises Refused: `not_found`, or `conflict` if only several other bots have that name.
    """
    found = read_definition(connection, resolve_id(connection, name_or_id, bot_id))
    if found is None:
        raise unknown_workflow(name_or_id)
    return found


def resolve_id(connection: sqlite3.Connection, name_or_id: str, bot_id: str) -> str:
    """The id of what a bot means. Raises Refused like `resolve_definition`, save for unknown ids."""
    if looks_like_id(name_or_id):
        return name_or_id
    return str(resolve_name(connection, name_or_id, bot_id)[0])


def resolve_name(connection: sqlite3.Connection, name: str, bot_id: str) -> tuple[Any, ...]:
    """`STANDING` of what a bot means by a name. Raises Refused like `resolve_definition`."""
    named = connection.execute(_NAMED, (name,)).fetchall()
    own = [row for row in named if row[-1] == bot_id]
    shared = [row for row in named if row[-2] == "global"]
    for choice in (own, shared, named):
        if len(choice) == 1:
            return tuple(choice[0][:-2])
    raise _ambiguous(connection, name) if named else unknown_workflow(name)


def unknown_workflow(name_or_id: str) -> Refused:
    return Refused(
        Code.NOT_FOUND, f"there is no workflow {name_or_id!r}: save its definition first"
    )


def _ambiguous(connection: sqlite3.Connection, name: str) -> Refused:
    owners = [row[0] for row in connection.execute(_OWNERS, (name,))]
    shown = ", ".join(owners[:MOST_OWNERS])
    return Refused(
        Code.CONFLICT,
        f"several bots have a workflow {name!r}: {shown}; name the one you mean by its id",
        owners=owners[:100],
    )


def _one(connection: sqlite3.Connection, statement: str, *values: str) -> Definition | None:
    row = connection.execute(statement, values).fetchone()
    return None if row is None else _definition(row)


def _definition(row: tuple[Any, ...]) -> Definition:
    return Definition(
        id=row[0],
        name=row[1],
        version=row[2],
        owner_type=row[3],
        owner=row[4],
        status=row[5],
        description=row[6] or "",
        definition=bodies.from_json(row[7]),
        created_at=row[8],
        updated_at=row[9],
    )


def same_content(one: str | None, other: str | None) -> bool:
    """Whether two JSON texts say the same, whatever the order of their keys; 1 is not true."""
    return one == other or (
        one is not None and other is not None and _sorted(one) == _sorted(other)
    )


def _sorted(text: str) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(text), order="sorted")
