"""A file that gets its name when all of it is on the disk, and that one process at a time writes.

It is written as `NAME.partial`, on which its writer holds a `flock` from beginning to end. What a
killed writer left is held by nobody, and removed by the next one. What is held is left alone: of two
that are told to write the same file one is refused, and they never mix.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


@contextmanager
def written_whole(target: Path, mode: int = 0o600) -> Iterator[Path]:
    """Where to write what is to become `target`, replacing what is there; nothing is left if it fails.

    Raises OSError; BlockingIOError if another process is writing it.
    """
    partial = target.with_name(f"{target.name}.partial")
    held = _claimed(partial)
    try:
        try:
            os.fchmod(held, mode)
            yield partial
            os.fsync(held)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        partial.replace(target)
        sync(target.parent)
    finally:
        os.close(held)


def sync(path: Path) -> None:
    """Return when a file's content, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _claimed(partial: Path) -> int:
    """A descriptor of a new, empty file that this process holds."""
    while True:
        try:
            descriptor = os.open(partial, _FLAGS, 0o600)
        except FileExistsError:
            _remove_left(partial)
            continue
        if _hold(descriptor) and _is(partial, descriptor):
            return descriptor
        os.close(descriptor)  # taken for a leftover before it was held


def _remove_left(partial: Path) -> None:
    """Removes what a killed process left. Raises BlockingIOError if it is alive."""
    try:
        descriptor = os.open(partial, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        if not _hold(descriptor):
            told = "another process is writing it: wait until it is done"
            raise BlockingIOError(errno.EAGAIN, told, str(partial))
        if _is(partial, descriptor):
            partial.unlink()
    finally:
        os.close(descriptor)


def _hold(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is(path: Path, descriptor: int) -> bool:
    """Whether a path still leads to an open file."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
