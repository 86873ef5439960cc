"""Counting the times a daemon began to serve this database."""

from botbus_storage.operations import BeginBoot, Boot
from botbus_storage.writing.transaction import Transaction

_BEGIN = "INSERT INTO daemon_starts (started_at, version, pid) VALUES (?, ?, ?)"
_PRUNE = "DELETE FROM daemon_starts WHERE boot <= ?"
KEPT = 1000
"""Starts that are remembered; a crash loop must not fill the disk."""


def begin_boot(tx: Transaction, op: BeginBoot) -> Boot:
    number = tx.connection.execute(_BEGIN, (tx.now, op.version, op.pid)).lastrowid
    assert number is not None
    tx.connection.execute(_PRUNE, (number - KEPT,))
    return Boot(number=number)
