"""Where a run may write: a folder for databases, and one with a short path for sockets.

The databases lie on the disk that is to be measured. A Unix socket's path has at most 107 bytes, so
the sockets lie in the system's temporary folder.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


class Places:
    def __init__(self, folder: Path, sockets: Path) -> None:
        self.folder = folder
        self._sockets = sockets
        self._numbers = count(1)

    def socket(self) -> Path:
        """A path that nobody used yet."""
        return self._sockets / f"{next(self._numbers)}.sock"

    @contextmanager
    def room(self) -> Iterator[Path]:
        """A new folder on the disk that is measured, removed at the end."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix="room-") as name:
            yield Path(name)


@contextmanager
def places(parent: Path | None) -> Iterator[Places]:
    """Folders for one run, in `parent` or beside the results; removed at the end."""
    with (
        tempfile.TemporaryDirectory(
            dir=parent or RESULTS, prefix="run-", suffix=".tmp", ignore_cleanup_errors=True
        ) as folder,
        tempfile.TemporaryDirectory(prefix="bb-") as sockets,
    ):
        yield Places(Path(folder), Path(sockets))
