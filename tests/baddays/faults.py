"""A daemon whose disk and clock fail when a test says so, by a library preloaded into it."""

import errno
import mmap
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.daemons import DaemonProcess

SOURCE = Path(__file__).with_name("shim.c")
_COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
_BLOCK = struct.Struct("=iiqqq")

needs_compiler = pytest.mark.skipif(_COMPILER is None, reason="there is no C compiler")


def build(folder: Path) -> Path:
    """The shim, as a library to preload."""
    assert _COMPILER is not None
    library = folder / "faults.so"
    subprocess.run(
        [_COMPILER, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True
    )
    return library


class FaultyDaemon(DaemonProcess):
    """All is well with it until it is told otherwise."""

    def __init__(self, folder: Path, library: Path, *options: str) -> None:
        super().__init__(folder, *options)
        self._library = library
        self._control = folder / "faults"
        self._control.write_bytes(bytes(_BLOCK.size))
        with self._control.open("r+b") as file:
            self._block = mmap.mmap(file.fileno(), _BLOCK.size)

    def environment(self) -> dict[str, str]:
        return super().environment() | {
            "LD_PRELOAD": str(self._library),
            "BOTBUS_FAULTS": str(self._control),
            "BOTBUS_FAULTY": os.path.realpath(self.database),
        }

    @contextmanager
    def failing(self, *, sync: int = 0, write: int = 0) -> Iterator[None]:
        """Syncs and writes of its database end with these error numbers."""
        struct.pack_into("=ii", self._block, 0, sync, write)
        try:
            yield
        finally:
            struct.pack_into("=ii", self._block, 0, 0, 0)

    def full(self) -> AbstractContextManager[None]:
        return self.failing(write=errno.ENOSPC)

    def set_clock(self, shift: int) -> None:
        """Sets its wall clock so many seconds off the true time."""
        struct.pack_into("=q", self._block, 8, shift)

    def slow_down(self, seconds: float) -> None:
        """Each sync takes so much longer from now on."""
        struct.pack_into("=q", self._block, 24, round(seconds * 1e6))

    @property
    def failed(self) -> int:
        """Calls that were made to fail so far."""
        count: int = struct.unpack_from("=q", self._block, 16)[0]
        return count
