"""One process at a time changes a database: a `flock` on `<database>.lock`.

The daemon holds this lock as long as it serves, the migrator while it migrates, so no two of them
ever write to one file at once (SQLite before 3.51.3 can corrupt a WAL database that two connections
write or checkpoint at the same instant). The file stays where it is for ever: removing it would let
two processes lock two different files of one name. Its text, pid and purpose of the holder, is only
for the sentence told to the loser; the kernel frees the lock when the holder dies, however it dies.
"""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from botbus_storage.ownership import give_open_to_owner

RETRY_EVERY = 0.02
"""Seconds between two attempts. A blocking `flock` would need an alarm (main thread only) or a
thread that cannot be called off and may take the lock after its owner gave up; asking again fifty
times a second, until a deadline, does neither."""


_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class Locked(Exception):  # noqa: N818 - losing the race is an expected answer
    """Another process holds the database. The sentence says which."""

    def __init__(self, database: Path, holder: str) -> None:
        super().__init__(
            f"{database} is in use by {holder or 'another process'}: wait until it is done, or stop it"
        )
        self.holder = holder


class DatabaseLock:
    """The exclusive right to write to the SQLite file `database`.

    `purpose` is what the loser of a race is told, such as "botbus serve". Not reentrant: a second
    lock on the same file, even in this process, is refused while the first is held.
    """

    def __init__(self, database: Path | str, purpose: str) -> None:
        self.database = Path(database)
        self.purpose = purpose
        self._descriptor: int | None = None

    @property
    def path(self) -> Path:
        """The lock file beside the database. A symbolic link leads to one lock, not to two."""
        real = self.database.resolve()
        return real.with_name(real.name + ".lock")

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def in_place(self) -> bool:
        """Whether the file that is held is still what others find at its path."""
        if self._descriptor is None:
            return False
        with suppress(OSError):
            return os.path.samestat(os.fstat(self._descriptor), self.path.lstat())
        return False

    def acquire(self, wait: float = 0.0) -> Self:
        """Take the lock, trying for `wait` seconds. Raises Locked, or OSError if there can be none."""
        if self.held:
            raise RuntimeError(f"the lock of {self.database} is already held by this object")
        descriptor = os.open(self.path, _FLAGS, 0o600)
        try:
            self._take(descriptor, time.monotonic() + wait)
            give_open_to_owner(descriptor, self.database)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()} {self.purpose}\n".encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        """Give the lock back; nothing happens if it is not held."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        os.ftruncate(descriptor, 0)
        os.close(descriptor)

    def __enter__(self) -> Self:
        return self if self.held else self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _take(self, descriptor: int, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Locked(self.database, _holder(descriptor)) from None
                time.sleep(min(RETRY_EVERY, left))
            else:
                return


def _holder(descriptor: int) -> str:
    """Who holds the lock, as told by the file: `process 4711 (botbus serve)`."""
    pid, _, purpose = os.pread(descriptor, 500, 0).decode(errors="replace").strip().partition(" ")
    return f"process {pid} ({purpose})" if pid else ""
