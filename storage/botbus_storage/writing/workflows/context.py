"""The context of a run: what it began with, and a row for each key that has changed since.

Its size is kept in the run's row, as the bytes of what it began with and of the changed keys and
values; what is taken away still counts with its key.
"""

from botbus_protocol.errors import Code, Refused
from botbus_storage.writing.transaction import Transaction
from botbus_storage.writing.workflows.run_rows import RunRow

Changes = tuple[tuple[str, str | None], ...]

_VALUE = "SELECT value FROM workflow_context WHERE run_id = ? AND key = ?"
_PUT = """
    INSERT INTO workflow_context (run_id, key, value) VALUES (?, ?, ?)
    ON CONFLICT (run_id, key) DO UPDATE SET value = excluded.value
"""
_COUNT = "UPDATE workflow_runs SET context_bytes = ? WHERE seq = ?"
_FORGET = "DELETE FROM workflow_context WHERE run_id = ?"
_REPLACE = "UPDATE workflow_runs SET context = ?, context_bytes = ? WHERE seq = ?"


def size_of(text: str) -> int:
    """Its bytes in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def size_after(tx: Transaction, run: RunRow, changes: Changes, limit: int) -> int:
    """The size of the context with these changes. Raises Refused (`too_large`)."""
    size = run.context_bytes
    for key, value in dict(changes).items():
        row = tx.connection.execute(_VALUE, (run.id, key)).fetchone()
        size += size_of(value or "") - size_of((row and row[0]) or "")
        size += size_of(key) if row is None else 0
    check_size(run, size, limit)
    return size


def check_size(run: RunRow, size: int, limit: int) -> None:
    """Raises Refused (`too_large`)."""
    if limit and size > limit:
        raise Refused(
            Code.TOO_LARGE,
            f"the context of run {run.id} would have {size} bytes, the limit is {limit}: "
            "keep large values elsewhere and their names in the context",
            limit=limit,
        )


def change(tx: Transaction, run: RunRow, changes: Changes, size: int) -> None:
    """Writes changes whose size was checked."""
    for key, value in dict(changes).items():
        tx.connection.execute(_PUT, (run.id, key, value))
    tx.connection.execute(_COUNT, (size, run.seq))


def replace(tx: Transaction, run: RunRow, context: str) -> None:
    """Puts a map in place of the whole context."""
    tx.connection.execute(_FORGET, (run.id,))
    tx.connection.execute(_REPLACE, (context, size_of(context), run.seq))
