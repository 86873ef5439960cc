"""What root makes beside a database belongs to whom the database belongs.

Operators restore and migrate as root what a daemon with a user of its own has to open afterwards.
Symbolic links are never followed: whoever owns the folder could have put them there.
"""

import os
from pathlib import Path


def give_to_owner(path: Path, database: Path) -> None:
    """Gives a file to the owner of a database, or of its folder if there is none yet; as root only."""
    if (owner := _owner(database)) is not None:
        os.chown(path, *owner, follow_symlinks=False)


def give_open_to_owner(descriptor: int, database: Path) -> None:
    """The same for a file that is open."""
    if (owner := _owner(database)) is not None:
        os.fchown(descriptor, *owner)


def make_for_owner(database: Path) -> None:
    """Makes an empty file where there is no database yet, for the owner of its folder; as root only."""
    path = database.resolve()
    if path.exists() or (owner := _owner(path)) is None:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        os.fchown(descriptor, *owner)
    finally:
        os.close(descriptor)


def _owner(database: Path) -> tuple[int, int] | None:
    """Who is to get a file; nobody if we are not root, or may not give it away."""
    if os.geteuid() != 0:
        return None
    state = (database if database.exists() else database.parent).stat()
    return None if state.st_uid == 0 else (state.st_uid, state.st_gid)
