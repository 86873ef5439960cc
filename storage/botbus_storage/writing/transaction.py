"""One transaction of the writer, as the operations see it.

Rows for the busy tables are gathered and written together; whoever reads those tables inside the
transaction calls `flush` first (for steps: `flush_steps`, also before a run changes hands). A
transaction is *optimistic* at first: it assumes that nobody sends an id twice, and that whoever
finishes a step holds its run. When that proves wrong (`Collision`) the engine rolls back and runs the
same operations again *carefully*, each alone, looking before it writes.
"""

import sqlite3
from typing import Any

from botbus_storage.writing.directory import BotDirectory
from botbus_storage.writing.rows import RowWriter

MAYBE = "nullif(?, '')"
"""A value that may be missing, and is given as '' then. To bind None, or True, takes ten times as long
as text or a number: sqlite3 asks whether it adapts itself.
"""

_DIRECT_MESSAGES = RowWriter(
    """INSERT INTO bot_messages (
        timestamp, seq, id, sender_bot_id, sender_bot_name, recipient_bot_id, message_type, body,
        sender_uid, sender_pid, recipient_type)""",
    row="?1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'direct'",
    suffix="ON CONFLICT (id) DO NOTHING",
)
_CHANNEL_MESSAGES = RowWriter(
    """INSERT INTO bot_messages (
        timestamp, seq, id, sender_bot_id, sender_bot_name, recipient_channel, message_type, body,
        sender_uid, sender_pid, recipient_type)""",
    row="?1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'channel'",
    suffix="ON CONFLICT (id) DO NOTHING",
)
"""Most messages: no reply, headers, times or session."""
_ALIKE = """INSERT INTO bot_messages (
        timestamp, sender_bot_id, sender_bot_name, sender_uid, sender_pid, {recipient},
        message_type, seq, id, body, recipient_type)"""
_ALIKE_DIRECT_MESSAGES = RowWriter(
    _ALIKE.format(recipient="recipient_bot_id"),
    row="?1, ?2, ?3, ?4, ?5, ?6, ?7, ?, ?, ?, 'direct'",
    suffix="ON CONFLICT (id) DO NOTHING",
)
_ALIKE_CHANNEL_MESSAGES = RowWriter(
    _ALIKE.format(recipient="recipient_channel"),
    row="?1, ?2, ?3, ?4, ?5, ?6, ?7, ?, ?, ?, 'channel'",
    suffix="ON CONFLICT (id) DO NOTHING",
)
"""The same from one sender to one recipient: what they share is bound once."""
_EVENTS = RowWriter(
    """INSERT INTO bot_messages (
        timestamp, seq, id, sender_bot_id, sender_bot_name, recipient_channel, message_type, body,
        recipient_type)""",
    row="?1, ?, ?, ?, ?, ?, ?, ?, 'channel'",
    suffix="ON CONFLICT (id) DO NOTHING",
)
"""Messages of the daemon itself, which no process has sent."""
_MESSAGES = RowWriter(
    """INSERT INTO bot_messages (
        timestamp, seq, id, sender_bot_id, sender_bot_name, recipient_type, recipient_bot_id,
        recipient_channel, message_type, body, reply_to, thread_id, hops, headers, expires_at,
        deliver_at, session_id, sender_uid, sender_pid)""",
    row="?1, " + ", ".join("?" * 18),
    suffix="ON CONFLICT (id) DO NOTHING",
)
_DELIVERIES = RowWriter(
    """INSERT INTO bot_deliveries (
        seq, bot_id, state, attempts, lease, holder_pid, first_fetched_at, fetched_at, due_at,
        settled_at, reason)""",
    row=", ".join(["?, ?, ?, ?", *[MAYBE] * 7]),
    suffix="""ON CONFLICT (seq, bot_id) DO UPDATE SET
        state = excluded.state, attempts = excluded.attempts, lease = excluded.lease,
        holder_pid = excluded.holder_pid, fetched_at = excluded.fetched_at,
        first_fetched_at = coalesce(bot_deliveries.first_fetched_at, excluded.first_fetched_at),
        due_at = excluded.due_at, settled_at = excluded.settled_at, reason = excluded.reason
        WHERE bot_deliveries.state IN ('leased', 'waiting')""",
)

_STEPS = RowWriter(
    """INSERT INTO workflow_steps (
        completed_at, id, run_id, step_id, step_name, kind, status, final, idempotency_key, input,
        input_hash, output, error, lease, started_at, attempt)
    SELECT s.column1, s.column2, s.column3, s.column4, s.column5, s.column6, s.column7, s.column8,
           s.column9, s.column10, s.column11, s.column12,
           iif(s.column7 = 'failed', s.column13, NULL), s.column14, s.column15, 1
    FROM (""",
    row=f"?1, ?, ?, ?, ?, ?, ?, ?, ?, {MAYBE}, ?, {MAYBE}, ?, ?, ?",
    suffix=""") AS s CROSS JOIN workflow_runs r
    WHERE r.id = s.column3 AND r.lease = s.column14 AND r.pausing = 0 AND r.crashes = 0
    ON CONFLICT (run_id, step_id, superseded, attempt) DO UPDATE SET
        status = excluded.status, final = excluded.final, output = excluded.output,
        error = excluded.error, completed_at = excluded.completed_at
        WHERE workflow_steps.status = 'running' AND workflow_steps.kind = 'step'
        AND workflow_steps.lease = excluded.lease""",
)
"""First attempts of steps that have ended, begun or not; none of a run that anything else is to be done
for, and of a step that waits for something (whose kind says what) none."""


Rows = list[tuple[Any, ...]]
"""Gathered, and not yet written."""
Shared = tuple[str | int | None, ...]
"""What messages share: the sender's id, name, uid and pid, the recipient, the type."""


class Collision(Exception):  # noqa: N818 - not an error: the same work is done again, carefully
    """An id that was assumed to be new is there already, or a gathered row may not be written."""


class Transaction:
    """The state of one transaction: its time, the next seq, and the rows not yet written."""

    def __init__(
        self, connection: sqlite3.Connection, bots: BotDirectory, now: str, last_seq: int
    ) -> None:
        self.connection = connection
        self.bots = bots
        self.now = now
        self.last_seq = last_seq
        self.careful = False
        self.subscribers: dict[str, int] = {}
        """Subscribers by channel, for the channels this transaction has looked up."""
        self.direct_messages: Rows = []
        self.channel_messages: Rows = []
        self.events: Rows = []
        self.messages: Rows = []
        self.alike_messages: list[tuple[RowWriter, Shared, Rows]] = []
        self.deliveries: Rows = []
        self.steps: Rows = []

    def next_seq(self) -> int:
        self.last_seq += 1
        return self.last_seq

    def add_alike(self, shared: Shared, rows: Rows, published: bool) -> None:
        """Gathers plain messages that share all but seq, id and body."""
        writer = _ALIKE_CHANNEL_MESSAGES if published else _ALIKE_DIRECT_MESSAGES
        self.alike_messages.append((writer, shared, rows))

    def flush_steps(self) -> None:
        """Writes the steps that were gathered. Raises Collision."""
        if self.steps:
            self._write(_STEPS, self.steps)

    def flush(self) -> None:
        """Writes what was gathered. Raises Collision."""
        self.flush_steps()
        for writer, shared, rows in self.alike_messages:
            self._write(writer, rows, shared)
        self.alike_messages.clear()
        if self.direct_messages:
            self._write(_DIRECT_MESSAGES, self.direct_messages)
        if self.channel_messages:
            self._write(_CHANNEL_MESSAGES, self.channel_messages)
        if self.events:
            self._write(_EVENTS, self.events)
        if self.messages:
            self._write(_MESSAGES, self.messages)
        if self.deliveries:
            _DELIVERIES.write(self.connection, self.deliveries)
            self.deliveries.clear()

    def _write(self, writer: RowWriter, rows: Rows, shared: tuple[Any, ...] = ()) -> None:
        written = writer.write(self.connection, rows, (self.now, *shared))
        if written != len(rows):
            raise Collision
        rows.clear()

    def savepoint(self) -> "Savepoint":
        return Savepoint(self)

    def forget(self) -> None:
        """Drops what was gathered and what was remembered of rows that are rolled back."""
        for rows in (
            self.direct_messages,
            self.channel_messages,
            self.events,
            self.messages,
            self.deliveries,
            self.steps,
        ):
            rows.clear()
        self.alike_messages.clear()
        self.subscribers.clear()
        self.bots.forget()


class Savepoint:
    """A part of a transaction that is kept or undone as a whole.

    Anything raised inside undoes it, is passed on, and leaves the rest of the transaction alone.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._seq = 0

    def __enter__(self) -> None:
        self._transaction.flush()
        self._seq = self._transaction.last_seq
        self._transaction.connection.execute("SAVEPOINT part")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._undo()
            return
        try:
            self._transaction.flush()
        except BaseException:
            self._undo()
            raise
        self._transaction.connection.execute("RELEASE part")

    def _undo(self) -> None:
        self._transaction.forget()
        self._transaction.last_seq = self._seq
        connection = self._transaction.connection
        if connection.in_transaction:  # SQLite itself rolls back when the disk is full
            connection.execute("ROLLBACK TO part")
            connection.execute("RELEASE part")
