"""Whether the daemon does what it is there for, found out by having it done.

One truth for `/healthz`, `/readyz` and the watchdog. The writer is asked to go through a transaction;
that proves that the loop turns and the writer works. A commit that the disk refused turns health red
until something is written again; when nobody writes, that is tried after a while. A defect of the
writer stays: what it left in memory cannot be relied on, and a restart is the remedy.

A database whose file has been taken away is served on, and health is red: what is stored has no name
any more. A restart is no remedy, it would be the end of it. Nor is it one where nobody can connect any
more because somebody else has taken the place: who is connected would be hung up on, too.

A request that fails by a defect of its own does not turn health red: it concerns who sent it, it is
counted, and a restart would end the work of everybody else.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Literal

from botbus_daemon.file_identity import Identity, identity
from botbus_daemon.socket_file import SocketFile
from botbus_protocol.errors import Code
from botbus_storage.store import Store

PATIENCE = 5.0
"""Seconds that the writer may take to go through a transaction, before it is said to hang."""
RED_SECONDS = 3.0
"""How long after a refused commit, at the least, health is red unless something is written."""

Phase = Literal["starting", "serving", "stopping"]


class Health:
    def __init__(self, socket: SocketFile | None = None) -> None:
        self.phase: Phase = "starting"
        self.defect: str | None = None
        """What went wrong for good."""
        self._socket = socket
        self._store: Store | None = None
        self._file = Path()
        self._was: Identity | None = None
        """Which file was opened."""

    @asynccontextmanager
    async def watching(self, store: Store, database: Path) -> AsyncIterator[None]:
        """Looks at a store, and at its file, while it is open."""
        self._open(store, database)
        try:
            yield
        finally:
            self._store = None

    def _open(self, store: Store, database: Path) -> None:
        self._file = database.resolve()
        self._was = identity(self._file)
        self._store = store

    def failed(self, error: BaseException) -> None:
        """The writer has a defect."""
        self.defect = f"the writer failed unexpectedly ({error!r}): see the log, and restart it"

    def known(self) -> str | None:
        """Why the daemon is not well, as far as is known without trying."""
        if self.defect is not None or self._store is None:
            return self.defect
        trouble = self._store.commits.trouble
        return (self._lost() or self._unreachable()) if trouble is None else trouble.message

    def bearable(self, reason: str) -> bool:
        """Whether no restart makes it better: the disk is full, or a file is gone."""
        trouble = self._store.commits.trouble if self._store is not None else None
        return reason in {self._lost(), self._unreachable()} or (
            trouble is not None and trouble.code == Code.STORAGE_FULL and trouble.message == reason
        )

    def _lost(self) -> str | None:
        """A sentence if the file that is served no longer has its name."""
        if identity(self._file) == self._was:
            return None
        return (
            f"{self._file} was removed or replaced while it is served: what is stored ends with this "
            "process, so put the file back before you stop it"
        )

    def _unreachable(self) -> str | None:
        """A sentence if nobody finds the way here any more."""
        return self._socket.trouble if self._socket is not None else None

    async def trouble(self) -> str | None:
        """Why the daemon is not well, a sentence; None if it is."""
        store = self._store
        if self.defect is not None or store is None:
            return self.defect
        commits = store.commits
        overdue = commits.trouble is not None and (
            monotonic() - commits.trouble_since >= RED_SECONDS
        )
        try:
            async with asyncio.timeout(PATIENCE):
                await (store.try_writing() if overdue else store.turns())
        except TimeoutError:
            return f"the writer has not answered for {PATIENCE:g} seconds: does the disk hang?"
        return self.known()

    async def unready(self) -> str | None:
        """Why requests should go elsewhere or wait; None if they are served."""
        if self.phase != "serving":
            return f"the daemon is {self.phase}"
        return await self.trouble()
