"""Whether a name still leads to the file that it led to: whoever takes a file away tells nobody."""

from contextlib import suppress
from pathlib import Path

Identity = tuple[int, int]


def identity(path: Path) -> Identity | None:
    """Which file it is, of all on this host; None if there is none. A link is itself a file."""
    with suppress(OSError):
        found = path.lstat()
        return found.st_dev, found.st_ino
    return None
