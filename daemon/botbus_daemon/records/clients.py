"""The daemon's own clients, in the record of connections.

Written behind: a client is entered a moment after it came, together with all that came and went
meanwhile, so that nobody waits for it and a thousand clients cost a few transactions. A client that
came and went within that moment is entered as gone. If the daemon dies before it has written, its next
start finds everybody gone, which is true. While the disk refuses, those who came and went are
remembered up to a number.
"""

import asyncio
import logging

import msgspec

from botbus_daemon.presence import Connection
from botbus_protocol import timestamps
from botbus_protocol.errors import Fault
from botbus_protocol.grammar import new_id
from botbus_storage import clock
from botbus_storage.operations import Operation
from botbus_storage.record_operations.connections import NoteClient
from botbus_storage.store import Store

logger = logging.getLogger(__name__)

DELAY = 0.25
"""Seconds from a change until it is written."""
RETRY_DELAY = 1.0
"""Seconds until what could not be written is tried again."""
AT_ONCE = 200
"""Clients that one transaction enters, so that nobody else waits long."""
MOST_UNWRITTEN = 10_000
"""Clients that came and went while nothing could be written, and are entered later."""
MOST_BOTS = 100
"""Bots that are told of one client."""

_encode = msgspec.json.Encoder().encode


class Client:
    """One pipe, as it is to be recorded."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.id = new_id()
        self.first_seen = clock.now()
        self.gone_at: float | None = None
        self.known = False
        """Whether the disk has heard of it."""

    def note(self) -> NoteClient:
        peer = self.connection.peer
        bots = [session.bot for session in self.connection.open_sessions()][:MOST_BOTS]
        metadata = {"pid": peer.pid, "gid": peer.gid, "bots": bots}
        last_seen = clock.now() if self.gone_at is None else self.gone_at
        return NoteClient(
            id=self.id,
            client_id=bots[0] if bots else f"pid:{peer.pid}",
            user_id=None if peer.uid is None else str(peer.uid),
            metadata=_encode(metadata).decode(),
            is_active=self.gone_at is None,
            first_seen_at=timestamps.from_epoch(self.first_seen),
            last_seen_at=timestamps.from_epoch(last_seen),
        )


class Clients:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._here: dict[int, Client] = {}
        self._dirty: dict[str, Client] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._refused = False
        """Whether the last attempt was, which has been told."""

    def come(self, connection: Connection) -> None:
        """A pipe is there."""
        client = self._here[connection.pipe_id] = Client(connection)
        self._change(client)

    def spoken(self, connection: Connection) -> None:
        """Another bot speaks through a pipe."""
        if (client := self._here.get(connection.pipe_id)) is not None:
            self._change(client)

    def left(self, pipe_id: int) -> None:
        """A pipe is gone."""
        if (client := self._here.pop(pipe_id, None)) is not None:
            client.gone_at = clock.now()
            self._change(client)

    async def close(self) -> None:
        """The daemon stops: everybody is gone, and all of it is on disk when this returns."""
        for pipe_id in list(self._here):
            self.left(pipe_id)
        await self.flush()

    async def flush(self) -> None:
        """Writes what there is; returns when it is on disk, or was refused."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is not None:
            await asyncio.wait([self._writing])
        await self._write()

    def _change(self, client: Client) -> None:
        self._dirty[client.id] = client
        self._arm(DELAY)

    def _arm(self, delay: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(delay, self._start)

    def _start(self) -> None:
        self._timer = None
        if self._writing is not None and not self._writing.done():
            self._arm(DELAY)
        else:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        while self._dirty:
            some = [self._dirty.pop(key) for key in list(self._dirty)[:AT_ONCE]]
            operations: list[Operation] = [client.note() for client in some]
            results = await self._store.submit(operations)
            faults = [result for result in results if isinstance(result, Fault)]
            if faults:
                self._keep(some, faults[0])
                self._arm(RETRY_DELAY)
                return
            self._refused = False
            for client in some:
                client.known = True

    def _keep(self, some: list[Client], fault: Fault) -> None:
        """What could not be written is written later; that is told once."""
        level = logging.DEBUG if self._refused else logging.WARNING
        logger.log(level, "connections could not be recorded: %s", fault.message)
        self._refused = True
        self._dirty = {client.id: client for client in some} | self._dirty
        unknown = [c.id for c in self._dirty.values() if c.gone_at is not None and not c.known]
        for client_id in unknown[:-MOST_UNWRITTEN]:
            del self._dirty[client_id]
