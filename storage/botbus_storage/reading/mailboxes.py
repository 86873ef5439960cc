"""What a mailbox has to know from the disk: how far it got, what is open, what comes next.

Each source of a mailbox (its direct messages, each subscribed channel) has a position; messages
beyond it that have no delivery row and were not recalled are still to be delivered.
"""

import sqlite3

from msgspec import Struct

from botbus_protocol.records import Message
from botbus_storage.reading.rows import COLUMNS, FROM, message_of, messages_within

DIRECT = ""
"""The source of direct messages; every other source is the name of a channel."""

_CURSOR = "SELECT cursor FROM bots WHERE id = ?"
_SUBSCRIBED = "SELECT channel_name, cursor FROM bot_subscriptions WHERE bot_id = ?"
_OPEN = """
    SELECT seq, state, attempts, lease, due_at, first_fetched_at
    FROM bot_deliveries d WHERE bot_id = ? AND state IN ('leased', 'waiting')
    AND NOT EXISTS (SELECT 1 FROM bot_recalls c WHERE c.seq = d.seq) ORDER BY seq
"""
_LAST = "SELECT coalesce(max(seq), 0) FROM bot_messages"
_UNDELIVERED = """
    AND NOT EXISTS (SELECT 1 FROM bot_deliveries d WHERE d.seq = m.seq AND d.bot_id = :bot)
    AND NOT EXISTS (SELECT 1 FROM bot_recalls c WHERE c.seq = m.seq)
    ORDER BY m.seq LIMIT :limit
"""
_NEXT_DIRECT = f"""
    SELECT {COLUMNS} FROM {FROM}
    WHERE m.recipient_bot_id = :bot AND m.seq > :position {_UNDELIVERED}
"""
_NEXT_IN_CHANNEL = f"""
    SELECT {COLUMNS} FROM {FROM}
    WHERE m.recipient_channel = :source AND m.seq > :position {_UNDELIVERED}
"""
_BY_SEQ = f"SELECT {COLUMNS} FROM {FROM} WHERE m.seq = ?"
_PENDING_OPEN = f"""
    SELECT {COLUMNS} FROM bot_deliveries d
    JOIN bot_messages m ON m.seq = d.seq LEFT JOIN bots r ON r.id = m.recipient_bot_id
    WHERE d.bot_id = :bot AND d.state IN ('leased', 'waiting') AND d.seq > :after
    AND NOT EXISTS (SELECT 1 FROM bot_recalls c WHERE c.seq = d.seq)
    ORDER BY d.seq LIMIT :limit
"""


class OpenDelivery(Struct, frozen=True, kw_only=True, gc=False):
    """A delivery that was begun and is not settled."""

    seq: int
    state: str
    attempts: int
    lease: str | None
    due_at: str | None
    first_fetched_at: str | None


class MailboxState(Struct, frozen=True):
    positions: dict[str, int]
    """By source: everything up to there has a delivery row, or was never asked for."""
    open: list[OpenDelivery]


class Page(Struct, frozen=True):
    """Messages in commit order, and the position up to which they are all there are."""

    messages: list[Message]
    position: int


def load_mailbox(connection: sqlite3.Connection, bot_id: str) -> MailboxState:
    row = connection.execute(_CURSOR, (bot_id,)).fetchone()
    positions = {DIRECT: row[0] if row else 0}
    positions.update(connection.execute(_SUBSCRIBED, (bot_id,)).fetchall())
    rows = connection.execute(_OPEN, (bot_id,)).fetchall()
    return MailboxState(
        positions,
        [
            OpenDelivery(
                seq=r[0], state=r[1], attempts=r[2], lease=r[3], due_at=r[4], first_fetched_at=r[5]
            )
            for r in rows
        ],
    )


def next_messages(
    connection: sqlite3.Connection, bot_id: str, positions: dict[str, int], limit: int
) -> Page:
    """What a mailbox has not been given yet, merged over its sources."""
    last = connection.execute(_LAST).fetchone()[0]
    found: list[Message] = []
    complete_to = last
    for source, position in positions.items():
        if position >= last:
            continue
        statement = _NEXT_DIRECT if source == DIRECT else _NEXT_IN_CHANNEL
        parameters = {"bot": bot_id, "source": source, "position": position, "limit": limit}
        if source == DIRECT:
            del parameters["source"]
        messages, cut = messages_within(connection.execute(statement, parameters))
        if cut or len(messages) == limit:
            complete_to = min(complete_to, messages[-1].seq)
        found.extend(messages)
    found.sort(key=lambda message: message.seq)
    return Page([m for m in found if m.seq <= complete_to], complete_to)


def messages_by_seq(connection: sqlite3.Connection, seqs: list[int]) -> list[Message]:
    """The messages with these seqs, as far as they exist, in the order given."""
    rows = (connection.execute(_BY_SEQ, (seq,)).fetchone() for seq in seqs)
    return [message_of(row) for row in rows if row is not None]


def pending_messages(
    connection: sqlite3.Connection, bot_id: str, after: int, limit: int
) -> list[Message]:
    """What lies in a mailbox, delivered or not, unless it is settled; in commit order."""
    parameters = {"bot": bot_id, "after": after, "limit": limit}
    opened, cut = messages_within(connection.execute(_PENDING_OPEN, parameters))
    positions = {
        source: max(position, after)
        for source, position in load_mailbox(connection, bot_id).positions.items()
    }
    page = next_messages(connection, bot_id, positions, limit)
    complete_to = min(page.position, opened[-1].seq if cut else page.position)
    both = sorted(opened + page.messages, key=lambda message: message.seq)
    return [message for message in both if message.seq <= complete_to][:limit]
