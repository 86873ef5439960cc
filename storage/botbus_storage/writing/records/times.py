"""What a start of the daemon and the passing of time do to shared records."""

from botbus_protocol.configuration_values import CONFIG_CHANNEL
from botbus_storage.record_operations.connections import EndOverdue, OpenRecords
from botbus_storage.record_operations.outcomes import Overdue
from botbus_storage.record_operations.workstreams import EnsureScratch
from botbus_storage.writing.events import system_bot
from botbus_storage.writing.records import connections, tool_executions, workstreams
from botbus_storage.writing.transaction import Transaction

_CHANNEL = """
    INSERT INTO bot_channels (name, created_at, created_by_bot_id) VALUES (?, ?, ?)
    ON CONFLICT (name) DO NOTHING
"""


def open_records(tx: Transaction, _: OpenRecords) -> Overdue:
    connections.close_all(tx)
    workstreams.ensure_scratch(tx, EnsureScratch())
    tx.connection.execute(_CHANNEL, (CONFIG_CHANNEL, tx.now, system_bot(tx).id))
    return Overdue(next_due_at=_next_due_at(tx))


def end_overdue(tx: Transaction, op: EndOverdue) -> Overdue:
    ended = tool_executions.end_overdue_executions(tx, op.most)
    gone = connections.end_overdue_connections(tx, op.most)
    return Overdue(count=ended + gone, next_due_at=_next_due_at(tx))


def _next_due_at(tx: Transaction) -> str | None:
    statements = (tool_executions.NEXT_TIMEOUT, connections.NEXT_EXPIRY)
    found = [tx.connection.execute(statement).fetchone()[0] for statement in statements]
    return min((moment for moment in found if moment is not None), default=None)
