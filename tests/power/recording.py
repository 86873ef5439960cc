"""What a daemon did to its database files, in order: the log of the preloaded shim."""

import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("shim.c")
_HEAD = struct.Struct("=cH")
_REST = struct.Struct("=QI")


class Record(NamedTuple):
    """One call: `W`rite, `T`runcate, `S`ync or `U`nlink."""

    op: str
    path: str
    offset: int
    data: bytes
    end: int
    """Bytes of the log up to and including this record."""


def compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def build(folder: Path) -> Path:
    """The shim, as a library to preload."""
    found = compiler()
    assert found is not None
    library = folder / "shim.so"
    subprocess.run(
        [found, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"],
        check=True,
    )
    return library


def environment(library: Path, log: Path, database: Path) -> dict[str, str]:
    """What a process needs to be recorded."""
    return {
        **os.environ,
        "LD_PRELOAD": str(library),
        "BOTBUS_SHIM_LOG": str(log),
        "BOTBUS_SHIM_FILES": str(database),
    }


def read(log: Path) -> list[Record]:
    data = log.read_bytes()
    records: list[Record] = []
    at = 0
    while at < len(data):
        op, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        path = data[at : at + length].decode()
        at += length
        offset, size = _REST.unpack_from(data, at)
        at += _REST.size
        records.append(Record(op.decode(), path, offset, data[at : at + size], at + size))
        at += size
    return records
