"""How much waits in a mailbox of direct messages, and from whom.

What waits is what its owner has yet to settle: messages beyond its cursor that have no delivery, and
those whose delivery is open. Those whose ttl has ended while nobody held them wait for nothing, though
it is only written when somebody comes for them. What a bot reads from channels is kept once for all,
and is not counted.
"""

import sqlite3

from msgspec import Struct

_BOT = "SELECT id, name, cursor FROM bots WHERE name = :bot OR id = :bot"
_TALLY = """
    SELECT m.sender_bot_id, count(*),
           sum(length(CAST(m.body AS BLOB)) + coalesce(length(CAST(m.headers AS BLOB)), 0))
"""
_NOT_RECALLED = "NOT EXISTS (SELECT 1 FROM bot_recalls c WHERE c.seq = m.seq)"
_NOT_EXPIRED = "(m.expires_at IS NULL OR m.expires_at > :now)"
_UNTOUCHED = f"""
    {_TALLY} FROM bot_messages m WHERE m.recipient_bot_id = :id AND m.seq > :cursor
    AND NOT EXISTS (SELECT 1 FROM bot_deliveries d WHERE d.seq = m.seq AND d.bot_id = :id)
    AND {_NOT_RECALLED} AND {_NOT_EXPIRED} GROUP BY 1
"""
_OPEN = f"""
    {_TALLY} FROM bot_deliveries d JOIN bot_messages m ON m.seq = d.seq
    WHERE d.bot_id = :id AND d.state IN ('leased', 'waiting') AND m.recipient_bot_id = :id
    AND {_NOT_RECALLED} AND (d.state = 'leased' OR {_NOT_EXPIRED}) GROUP BY 1
"""


class Waiting(Struct, frozen=True):
    bot: str
    """The name of whose mailbox it is; the one asked for, if there is no such bot yet."""
    senders: dict[str, tuple[int, int]]
    """Messages, and bytes of their bodies and headers, by the id of the sender."""


def waiting_in(connection: sqlite3.Connection, bot: str, now: str) -> Waiting:
    """What waits for a bot, given by name or id, at a stored time."""
    row = connection.execute(_BOT, {"bot": bot}).fetchone()
    if row is None:
        return Waiting(bot, {})
    bot_id, name, cursor = row
    parameters = {"id": bot_id, "now": now}
    found = connection.execute(_UNTOUCHED, {**parameters, "cursor": cursor}).fetchall()
    found += connection.execute(_OPEN, parameters).fetchall()
    senders: dict[str, tuple[int, int]] = {}
    for sender, messages, size in found:
        before = senders.get(sender, (0, 0))
        senders[sender] = (before[0] + messages, before[1] + size)
    return Waiting(name, senders)
