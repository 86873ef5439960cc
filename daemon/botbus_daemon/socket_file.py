"""The file of a Unix socket, for as long as somebody listens there: made, looked after, removed.

Whoever cleans up a folder tells nobody, so the file is looked for, and made anew when it is gone. Who
is connected notices nothing. Invariants: what somebody else has put in its place stays, and nothing is
made without the claim, which may have been taken away with the folder.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from botbus_daemon.claiming import CannotServe, Claim, make_folder
from botbus_daemon.file_identity import Identity, identity

logger = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds after which the file is looked for."""

Listen = Callable[[socket.socket], Awaitable[None]]
"""Accepts connections from a bound socket from now on, and from the one before it no longer."""


class SocketFile:
    """The file for which there is a claim; `mode` says who may connect."""

    def __init__(self, claim: Claim, mode: int = 0o600) -> None:
        self.path = claim.path
        self.trouble: str | None = None
        """Why nobody can connect, a sentence."""
        self._claim = claim
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
            with self._claim.renewed():
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
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self._look(listen)
            except (OSError, CannotServe) as error:
                trouble = f"nobody can connect, {self.path} is gone: {error}"
                if trouble != self.trouble:
                    logger.error("%s", trouble)  # noqa: TRY400 - a sentence, not a trace
                self.trouble = trouble
            else:
                self.trouble = None

    async def _look(self, listen: Listen) -> None:
        """Raises OSError or CannotServe."""
        if identity(self.path) == self._ours:
            with self._claim.renewed():  # the lock file alone may be gone
                return
        await listen(self.bind())
        logger.warning("%s was gone, and was made anew", self.path)
