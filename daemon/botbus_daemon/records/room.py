"""Everything about shared records that lives in this process, put together."""

from botbus_daemon.records.clients import Clients
from botbus_daemon.records.deadlines import Deadlines
from botbus_protocol.errors import Code, Fault, Refused
from botbus_storage.record_operations.connections import OpenRecords
from botbus_storage.record_operations.outcomes import Overdue
from botbus_storage.store import Store


class Records:
    """The room of a broker."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.deadlines = Deadlines(store)
        self.clients = Clients(store)

    async def start(self) -> None:
        """Nobody is connected yet, and what fell due meanwhile is marked. Raises Refused."""
        (outcome,) = await self._store.submit([OpenRecords()])
        if isinstance(outcome, Fault):
            raise Refused(Code(outcome.code), outcome.message)
        assert isinstance(outcome, Overdue)
        self.deadlines.at(outcome.next_due_at)

    async def close(self) -> None:
        await self.deadlines.close()
        await self.clients.close()
