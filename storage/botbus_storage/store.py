"""The open database: its writer, its readers, and how it is closed.

A store is opened after the schema is up to date and while the caller holds the database's lock.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from botbus_protocol.errors import Code, Refused
from botbus_storage import clock
from botbus_storage.connection import (
    Connect,
    WorkerConnection,
    connect_plainly,
    open_reader,
    open_writer,
)
from botbus_storage.engine import Result, SqliteEngine
from botbus_storage.faults import concerns_whole_batch, unreadable
from botbus_storage.operations import Operation, TryWriting
from botbus_storage.repositories.backlog import BacklogRepository, SqliteBacklog
from botbus_storage.repositories.charges import ChargeRepository, SqliteCharges
from botbus_storage.repositories.contracts import (
    AuditTrail,
    Directory,
    MailboxRepository,
    MessageRepository,
)
from botbus_storage.repositories.records import (
    ConfigurationRepository,
    ConnectionRepository,
    TaskRepository,
    ToolExecutionRepository,
    WorkstreamRepository,
)
from botbus_storage.repositories.retention import RetentionRepository, SqliteRetention
from botbus_storage.repositories.sqlite import (
    SqliteDirectory,
    SqliteMailboxes,
    SqliteMessages,
    SqliteTrail,
)
from botbus_storage.repositories.sqlite_records import (
    SqliteConfigurations,
    SqliteConnections,
    SqliteTasks,
    SqliteToolExecutions,
    SqliteWorkstreams,
)
from botbus_storage.repositories.sqlite_workflows import (
    SqliteDefinitions,
    SqliteRuns,
    SqliteWorkflows,
)
from botbus_storage.repositories.workflows import (
    DefinitionReader,
    RunReader,
    WorkflowRepository,
)
from botbus_storage.writer import Then, Writer

logger = logging.getLogger(__name__)

T = TypeVar("T")

READERS = 2


class Store:
    """What the rest of the daemon knows of the disk."""

    messages: MessageRepository
    mailboxes: MailboxRepository
    trail: AuditTrail
    directory: Directory
    workflows: WorkflowRepository
    definitions: DefinitionReader
    runs: RunReader
    workstreams: WorkstreamRepository
    tasks: TaskRepository
    tool_executions: ToolExecutionRepository
    connections: ConnectionRepository
    configurations: ConfigurationRepository
    retention: RetentionRepository
    charges: ChargeRepository
    backlog: BacklogRepository

    def __init__(self, writer: Writer, readers: Sequence[WorkerConnection]) -> None:
        self._writer = writer
        self.commits = writer.commits
        self.messages = SqliteMessages(self.submit, self._query)
        self.mailboxes = SqliteMailboxes(self._query)
        self.trail = SqliteTrail(self._query)
        self.directory = SqliteDirectory(self._query)
        self.workflows = SqliteWorkflows(self.submit, self._query)
        self.definitions = SqliteDefinitions(self._query)
        self.runs = SqliteRuns(self._query)
        self.workstreams = SqliteWorkstreams(self.submit, self._query)
        self.tasks = SqliteTasks(self.submit, self._query)
        self.tool_executions = SqliteToolExecutions(self.submit, self._query)
        self.connections = SqliteConnections(self.submit, self._query)
        self.configurations = SqliteConfigurations(self.submit, self._query)
        self.retention = SqliteRetention(self.submit, self._query)
        self.charges = SqliteCharges(self._query)
        self.backlog = SqliteBacklog(self._query)
        self._readers: asyncio.Queue[WorkerConnection] = asyncio.Queue()
        for reader in readers:
            self._readers.put_nowait(reader)

    def write(self, operations: Sequence[Operation], then: Then, *, atomic: bool = False) -> None:
        """Calls `then` with one result an operation, once they are on disk: now, or later."""
        self._writer.write(operations, then, atomic=atomic)

    def submit(
        self, operations: Sequence[Operation], *, atomic: bool = False
    ) -> "asyncio.Future[list[Result]]":
        """A future of one result an operation, resolved once they are on disk."""
        return self._writer.submit(operations, atomic=atomic)

    def listen(self, on_commit: Callable[[], None]) -> None:
        """Has a function called on the loop after each commit that held something."""
        self._writer.on_commit = on_commit

    async def _query(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """The answer of a `reading` function, from a connection that cannot write. Raises Refused."""
        reader = await self._readers.get()
        try:
            return await reader.run(question)
        except sqlite3.Error as error:
            if not concerns_whole_batch(error):
                raise  # a defect of the question
            logger.error("the database cannot be read: %s", error)  # noqa: TRY400 - no defect of ours
            raise Refused(Code.STORAGE_FAILED, unreadable(error)) from error
        finally:
            self._readers.put_nowait(reader)

    async def turns(self) -> None:
        """Returns when the writer has gone through an empty transaction: a sign of life."""
        await self.submit([])

    async def try_writing(self) -> None:
        """Returns when something was written, or could not be: `commits.trouble` tells which."""
        await self.submit([TryWriting()])

    async def idle(self) -> None:
        await self._writer.idle()


@asynccontextmanager
async def open_store(
    path: Path,
    *,
    connect: Connect = connect_plainly,
    on_failure: Callable[[BaseException], None] | None = None,
) -> AsyncIterator[Store]:
    """The store of a database file; on leaving, all is committed and the WAL is checkpointed.

    On entering, too: what a WAL holds that a dead process left may never have reached the disk, if a
    sync failed. Read back from the kernel's memory it looks whole, and no later sync would write it.
    Moved into the database and synced there, it can be built upon.
    """
    async with contextlib.AsyncExitStack() as stack:
        writing = await stack.enter_async_context(closing(await open_writer(path, connect)))
        await writing.run(checkpoint)
        engine = await writing.run(SqliteEngine)
        clock.now.not_before(engine.last_time)
        readers = [
            await stack.enter_async_context(closing(await open_reader(path, connect)))
            for _ in range(READERS)
        ]
        writer = Writer(writing, engine, on_failure)
        try:
            yield Store(writer, readers)
        finally:
            await writer.idle()
            await writing.run(checkpoint)


def checkpoint(connection: sqlite3.Connection) -> None:
    """Moves the WAL into the database and empties it, as far as readers allow."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@asynccontextmanager
async def closing(connection: WorkerConnection) -> AsyncIterator[WorkerConnection]:
    try:
        yield connection
    finally:
        await connection.close()
