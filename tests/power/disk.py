"""A disk that loses power: what of the recorded calls is still there afterwards.

Each file has what is durable, and what was done since its last sync. After a cut the durable part is
there for certain; of the rest, nothing, or any selection of 512-byte sectors in any order, which is
what a disk's cache may do. Names are less wild: file systems with a journal (ext4, XFS) put them
on the disk in order, and any sync takes the earlier ones along; so does this model.
"""

import random
from collections.abc import Iterable
from pathlib import Path

from tests.power.recording import Record

SECTOR = 512


class _File:
    def __init__(self) -> None:
        self.durable = bytearray()
        self.pending: list[Record] = []

    def sync(self) -> None:
        for record in self.pending:
            _apply(self.durable, record)
        self.pending.clear()

    def after_cut(self, chance: random.Random | None) -> bytes:
        """What is left; with chance, some of what was never synced as well."""
        content = bytearray(self.durable)
        if chance is None:
            return bytes(content)
        sectors = [part for record in self.pending for part in _sectors(record)]
        for part in chance.sample(sectors, chance.randint(0, len(sectors))):
            _apply(content, part)
        return bytes(content)


class Disk:
    """The files of one database, as far as they are recorded."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._unlinked: dict[str, _File] = {}

    def play(self, records: Iterable[Record]) -> None:
        for record in records:
            self._do(record)

    def _do(self, record: Record) -> None:
        if record.op == "U":
            gone = self._files.pop(record.path, None)
            if gone is not None:
                self._unlinked[record.path] = gone
            return
        file = self._files.setdefault(record.path, _File())
        if record.op == "S":
            file.sync()
            self._unlinked.clear()
        else:
            file.pending.append(record)

    def write(self, folder: Path, chance: random.Random | None = None) -> None:
        """Writes into an empty folder what a cut now would leave."""
        for path, file in {**self._unlinked, **self._files}.items():
            (folder / Path(path).name).write_bytes(file.after_cut(chance))


def _apply(content: bytearray, record: Record) -> None:
    if record.op == "T":
        del content[record.offset :]
    end = record.offset + len(record.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if record.op == "T":
        if len(content) < record.offset:
            content.extend(bytes(record.offset - len(content)))
    else:
        content[record.offset : end] = record.data


def _sectors(record: Record) -> list[Record]:
    """A write as the sectors it consists of; a truncation is one thing."""
    if record.op == "T":
        return [record]
    parts: list[Record] = []
    at, end = record.offset, record.offset + len(record.data)
    while at < end:
        stop = min(end, (at // SECTOR + 1) * SECTOR)
        piece = record.data[at - record.offset : stop - record.offset]
        parts.append(record._replace(offset=at, data=piece))
        at = stop
    return parts
