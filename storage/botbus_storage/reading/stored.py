"""How many bytes of whose messages are stored, a slice of all messages at a time."""

import sqlite3

_NEWEST = "SELECT coalesce(max(seq), 0) FROM bot_messages"
_BY_SENDER = """
    SELECT sender_bot_id,
           sum(length(CAST(body AS BLOB)) + coalesce(length(CAST(headers AS BLOB)), 0))
    FROM bot_messages WHERE seq > :after AND seq <= :upto GROUP BY 1
"""


def newest_seq(connection: sqlite3.Connection) -> int:
    """The seq of the last message, 0 if there is none."""
    return int(connection.execute(_NEWEST).fetchone()[0])


def stored_by_sender(connection: sqlite3.Connection, after: int, upto: int) -> dict[str, int]:
    """Bytes of bodies and headers beyond a seq and up to another, by the id of the sender."""
    return dict(connection.execute(_BY_SENDER, {"after": after, "upto": upto}).fetchall())
