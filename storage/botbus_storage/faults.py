"""SQLite's errors in the words of the protocol."""

import sqlite3

from botbus_protocol.errors import Code, Fault

_FULL = {sqlite3.SQLITE_FULL}
_BROKEN = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
}


def primary_code(error: Exception) -> int:
    """SQLite's primary result code, without the extension; -1 where there is none."""
    code = getattr(error, "sqlite_errorcode", None)
    return -1 if code is None else code & 0xFF


def concerns_whole_batch(error: Exception) -> bool:
    """Whether the disk or the file is at fault, and so no operation of the batch can succeed."""
    return primary_code(error) in _FULL | _BROKEN


def fault_of(error: Exception) -> Fault:
    """What a client is told."""
    if isinstance(error, OverflowError):
        return Fault(Code.INVALID.value, "a number is beyond 64 bits, which cannot be stored")
    code = primary_code(error)
    if code in _FULL:
        return Fault(
            Code.STORAGE_FULL.value,
            "the disk is full, nothing was stored: free some space and send it again",
        )
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_IOERR_FSYNC:
        return Fault(
            Code.STORAGE_FAILED.value,
            "the disk failed to keep what was written: it does not count as stored, though a restart "
            "may find it; send it again with the same id",
        )
    if code in _BROKEN:
        return Fault(
            Code.STORAGE_FAILED.value,
            f"the database could not be written ({error}), nothing was stored",
        )
    return Fault(Code.INTERNAL.value, f"the database refused the operation: {error}")


def unreadable(error: sqlite3.Error) -> str:
    """What somebody is told whose question the file could not answer."""
    return f"the database could not be read ({error}): whoever runs it should ask `botbus doctor`"
