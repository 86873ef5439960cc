"""The file of a Unix socket, for as long as somebody listens there: made, looked after, removed.

Whoever cleans up a folder tells nobody, so the file is looked for, and made anew when it is gone. Who
is connected notices nothing. Invariant: what somebody else has put in its place stays.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from botbus_daemon.claiming import CannotServe, make_folder
from botbus_daemon.file_identity import Identity, identity

logger = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds after which the file is looked for."""

Listen = Callable[[socket.socket], Awaitable[None]]
"""Accepts connections from a bound socket from now on, and from the one before it no longer."""


class SocketFile:
    """Whoever has claimed `path` binds it; `mode` says who may connect."""

    def __init__(self, path: Path, mode: int = 0o600) -> None:
        self.path = path
        self._mode = mode
        self._ours: Identity | None = None
        """Which file it was when it was made."""

    def bind(self) -> socket.socket:
        """A socket that is bound to the path, in a folder for its owner alone.

        Raises OSError or CannotServe.
        """
        make_folder(self.path.parent, private=True)
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            bound.bind(str(self.path))
            self.path.chmod(self._mode)  # nobody can connect before it listens
        except BaseException:
            bound.close()
            raise
        self._ours = identity(self.path)
        return bound

    @asynccontextmanager
    async def kept(self, listen: Listen) -> AsyncIterator[None]:
        """Sees to it that the file is there, and removes it in the end."""
        looking = asyncio.create_task(self._keep(listen))
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.wait([looking])
            if identity(self.path) == self._ours:
                self.path.unlink()

    async def _keep(self, listen: Listen) -> None:
        told = ""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if identity(self.path) == self._ours:
                continue
            try:
                await listen(self.bind())
            except (OSError, CannotServe) as error:
                if str(error) != told:
                    logger.error("nobody can connect, %s is gone: %s", self.path, error)  # noqa: TRY400
                told = str(error)
            else:
                logger.warning("%s was gone, and was made anew", self.path)
                told = ""
