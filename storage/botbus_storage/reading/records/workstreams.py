"""Workstreams, their tags and their sessions."""

import sqlite3

from msgspec import Struct

from botbus_protocol.records import Session, Workstream, WorkstreamState
from botbus_storage.reading.records.paging import Window, newest_first, within_budget
from botbus_storage.reading.records.rows import SESSION, WORKSTREAM, session_of, workstream_of

_TAGS = "SELECT tag FROM workstream_tags WHERE workstream_id = ? ORDER BY tag"
_GOES_ON = "ended_at IS NULL"


class SessionScope(Struct, frozen=True, kw_only=True):
    """Which sessions; None stands for any."""

    workstream_id: str | None = None
    peer_bot_id: str | None = None
    open: bool = False


def get_workstream(connection: sqlite3.Connection, workstream_id: str) -> Workstream | None:
    row = connection.execute(f"{WORKSTREAM} WHERE id = ?", (workstream_id,)).fetchone()
    return None if row is None else workstream_of(row)


def list_workstreams(
    connection: sqlite3.Connection, state: WorkstreamState | None, window: Window
) -> list[Workstream]:
    page = newest_first(WORKSTREAM, {"state": state}, window)
    return within_budget(connection, *page, workstream_of)


def get_tags(connection: sqlite3.Connection, workstream_id: str) -> list[str]:
    return [row[0] for row in connection.execute(_TAGS, (workstream_id,))]


def get_session(connection: sqlite3.Connection, session_id: str) -> Session | None:
    row = connection.execute(f"{SESSION} WHERE id = ?", (session_id,)).fetchone()
    return None if row is None else session_of(row)


def list_sessions(
    connection: sqlite3.Connection, scope: SessionScope, window: Window
) -> list[Session]:
    conditions = {"workstream_id": scope.workstream_id, "peer_bot_id": scope.peer_bot_id}
    also = _GOES_ON if scope.open else ""
    page = newest_first(SESSION, conditions, window, moment="started_at", also=also)
    return within_budget(connection, *page, session_of)
