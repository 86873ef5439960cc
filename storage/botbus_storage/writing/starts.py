"""Counting the times a daemon began to serve this database."""

from botbus_storage.operations import BeginBoot, Boot, Changed, TryWriting
from botbus_storage.writing.transaction import Transaction

_BEGIN = "INSERT INTO daemon_starts (started_at, version, pid) VALUES (?, ?, ?)"
_COME = "INSERT INTO daemon_starts (boot, started_at, version, pid) VALUES (0, ?, '', 0)"
_GO = "DELETE FROM daemon_starts WHERE boot = 0"
_PRUNE = "DELETE FROM daemon_starts WHERE boot <= ?"
KEPT = 1000
"""Starts that are remembered; a crash loop must not fill the disk."""


def begin_boot(tx: Transaction, op: BeginBoot) -> Boot:
    number = tx.connection.execute(_BEGIN, (tx.now, op.version, op.pid)).lastrowid
    assert number is not None
    tx.connection.execute(_PRUNE, (number - KEPT,))
    return Boot(number=number)


def try_writing(tx: Transaction, _: TryWriting) -> Changed:
    """A row comes and goes: its page is written to the WAL and synced, with what it held before."""
    tx.connection.execute(_COME, (tx.now,))
    tx.connection.execute(_GO)
    return Changed(changed=False)
