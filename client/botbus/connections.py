"""`bus.connections`: who is and was connected, here and to those who say so here."""

# ruff: noqa: A002 - id is a word of the contract

from datetime import datetime
from typing import Any, Literal

from botbus.requesting import checked, encoded, time_text
from botbus.room import EVERYTHING, Room
from botbus.workstreams import Cursor
from botbus_protocol import requests
from botbus_protocol.grammar import new_id
from botbus_protocol.records import Connection, ConnectionType
from botbus_protocol.replies import ConnectionReply, Connections


class ConnectionGroup(Room):
    async def register(
        self,
        client_id: str,
        connection_type: Literal["websocket", "http", "grpc"],
        *,
        id: str | None = None,
        user_id: str | None = None,
        metadata: Any = None,
        heartbeat_secs: float = 60.0,
    ) -> Connection:
        """Enters the connection of somebody whom this bot serves.

        It is inactive once `heartbeat_secs` have passed without a `heartbeat`.
        """
        return await self._one(
            checked(
                requests.RegisterConnection,
                id=id or new_id(),
                client_id=client_id,
                connection_type=connection_type,
                user_id=user_id,
                metadata=encoded(metadata, "metadata"),
                heartbeat_secs=heartbeat_secs,
            )
        )

    async def heartbeat(self, id: str) -> Connection:
        """It is still there; one that was inactive is active again. Raises NotFound."""
        return await self._one(checked(requests.HeartbeatConnection, id=id))

    async def close(self, id: str) -> Connection:
        """It is gone. Raises NotFound."""
        return await self._one(checked(requests.CloseConnection, id=id))

    async def get(self, id: str) -> Connection:
        """Raises NotFound."""
        return await self._one(checked(requests.GetConnection, id=id))

    async def list(
        self,
        *,
        client_id: str | None = None,
        user_id: str | None = None,
        connection_type: ConnectionType | None = None,
        is_active: bool | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        limit: int = EVERYTHING,
    ) -> "ConnectionList":
        """Newest first. Clients of the daemon itself are of type "ipc", and have the bot as client."""
        after = time_text(created_after)

        async def page(cursor: Cursor, want: int) -> ConnectionList:
            request = checked(
                requests.ListConnections,
                client_id=client_id,
                user_id=user_id,
                connection_type=connection_type,
                is_active=is_active,
                created_after=after,
                created_before=cursor[0],
                before_id=cursor[1],
                limit=want,
            )
            return (await self._transport.call(request, Connections)).connections

        start = (time_text(created_before), "")
        return await self._paged(limit, start, page, lambda last: (last.created_at, last.id))

    async def _one(self, request: requests.Request) -> Connection:
        return (await self._transport.call(request, ConnectionReply)).connection


ConnectionList = list[Connection]
