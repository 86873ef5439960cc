"""What a daemon needs to itself before it serves: its folders, its socket.

The database has a lock of its own (storage). The socket's is a lock file beside it: of two daemons that
start at once on one URL, one gets it, and the socket file a dead daemon left is removed by the next.
Whoever cleans up a folder takes the lock file, too, and then another daemon can hold one of that name:
so nobody makes a socket there who has not renewed the claim.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from botbus_storage.database_lock import DatabaseLock, Locked

LONGEST_SOCKET_PATH = 107
"""Bytes; the kernel's limit for the path of a Unix socket."""


class CannotServe(Exception):  # noqa: N818 - the sentence for whoever starts the daemon
    """The daemon cannot start; the sentence says why and what to do."""


def make_folder(folder: Path, *, private: bool) -> None:
    """Makes a folder, for its owner alone, if it is not there; `private` looks at one that is.

    Raises CannotServe.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if private:
            _require_own(folder, folder.stat())
    except OSError as error:
        raise CannotServe(f"{folder} cannot be made: {error.strerror}") from error


def _require_own(folder: Path, state: os.stat_result) -> None:
    """Raises CannotServe where others could put a socket of their own in the place of ours."""
    if state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise CannotServe(f"{folder} can be written by others: make it yours with chmod 700")
    if state.st_uid not in {os.geteuid(), 0}:
        raise CannotServe(
            f"{folder} belongs to user {state.st_uid}: remove it, or choose another place with --url"
        )


def socket_path(url: str) -> Path:
    """Where the socket of a URL lies. Raises CannotServe if there can be none."""
    path = Path(url.removeprefix("ipc://"))
    if not path.is_absolute():
        raise CannotServe(f"url {url}: the path of the socket must be absolute, as ipc:///path")
    if len(str(path).encode()) > LONGEST_SOCKET_PATH:
        raise CannotServe(
            f"url {url}: the path has more than {LONGEST_SOCKET_PATH} bytes: shorten it"
        )
    return path


class Claim:
    """The right to the socket of a URL, held by this process from the beginning."""

    def __init__(self, url: str) -> None:
        """Raises CannotServe."""
        self.path = socket_path(url)
        self._url = url
        self._lock = self._locked()

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Held for sure, under the name where others look; what is new is given back if the body fails.

        Raises CannotServe if somebody else has it by now.
        """
        if self._lock.in_place():
            yield
            return
        lock = self._locked()
        try:
            yield
        except BaseException:
            lock.release()
            raise
        self.release()
        self._lock = lock

    def release(self) -> None:
        self._lock.release()

    def _locked(self) -> DatabaseLock:
        lock = DatabaseLock(self.path, "botbus daemon")
        try:
            return lock.acquire(0.0)
        except Locked as error:
            raise CannotServe(f"another daemon serves {self._url}: {error}") from error
        except OSError as error:
            raise CannotServe(f"{lock.path} cannot be locked: {error.strerror}") from error


@contextmanager
def claimed_socket(url: str) -> Iterator[Claim]:
    """The URL for this process alone. Raises CannotServe."""
    make_folder(socket_path(url).parent, private=True)
    claim = Claim(url)
    try:
        _remove_stale(claim.path)
        yield claim
    finally:
        claim.release()


def _remove_stale(path: Path) -> None:
    """A socket that a dead daemon left; we hold the lock, so nobody serves it."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise CannotServe(f"{path} is not a socket: remove it or choose another url")
        path.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise CannotServe(f"{path} cannot be replaced: {error.strerror}") from error
