"""Which messages may be deleted, oldest first, and how many messages there are of which source.

What somebody has yet to settle is guarded: messages beyond the cursor of a recipient or subscriber, and
those with an open delivery. The newest message of all is never deleted, for it holds the seq and the
time that the next one goes on from, whatever becomes of the daemon.
"""

import sqlite3

from msgspec import Struct

from botbus_storage.retention_operations import Guard, Source

_SIZE = "length(CAST(m.body AS BLOB)) + coalesce(length(CAST(m.headers AS BLOB)), 0)"
_NEWEST = "SELECT coalesce(max(seq), 0) FROM bot_messages"
_TALLY = f"""
    SELECT m.recipient_channel, m.recipient_bot_id, count(*), sum({_SIZE})
    FROM bot_messages m WHERE m.seq > :after AND m.seq <= :upto GROUP BY 1, 2
"""
_PAGE_OF_SOURCE = """
    SELECT max(p.seq), count(*), {size} FROM (
        SELECT m.seq{columns} FROM bot_messages m
        WHERE {of_source} AND m.seq > :after AND m.seq <= :upto ORDER BY m.seq LIMIT :limit) p
"""
_CHANNELS = "SELECT name FROM bot_channels"
_BOTS = "SELECT id FROM bots"
_FIRST_BEYOND = "SELECT min(seq) FROM bot_messages WHERE seq > :after"
_CHANNEL_FLOOR = "SELECT min(cursor) FROM bot_subscriptions WHERE channel_name = :source"
_DIRECT_FLOOR = "SELECT cursor FROM bots WHERE id = :source"
_GUARDING = {"keep": "d.state IN ('leased', 'waiting')", "drop": "d.state = 'leased'"}
_FREE = """
    NOT EXISTS (SELECT 1 FROM bot_deliveries d WHERE d.seq = m.seq
                AND ({guarding} OR (d.state = 'dead' AND d.settled_at > :dead_before)))
"""
_OLDEST = f"""
    SELECT m.seq, m.timestamp, {_SIZE},
           (SELECT count(*) FROM bot_deliveries d WHERE d.seq = m.seq)
    FROM bot_messages m WHERE {{of_source}} AND m.seq <= :upto AND {_FREE}
    ORDER BY m.seq LIMIT :limit
"""
_OF_THESE = f"""
    SELECT m.seq FROM json_each(:seqs) j CROSS JOIN bot_messages m ON m.seq = j.value
    WHERE {{of_source}} AND m.seq <= :upto AND {_FREE} ORDER BY m.seq
"""


class Deletable(Struct, frozen=True, gc=False):
    seq: int
    timestamp: str
    size: int
    """Bytes of its body and headers."""
    deliveries: int
    """Rows that go with it."""


class Tally(Struct, frozen=True):
    source: Source
    messages: int
    size: int


class SourcePage(Struct, frozen=True):
    """A part of the messages of a source: the last of them (0 for none), how many, their bytes."""

    last: int
    messages: int
    size: int


def channels(connection: sqlite3.Connection) -> list[Source]:
    return [Source(channel=name) for (name,) in connection.execute(_CHANNELS)]


def recipients(connection: sqlite3.Connection) -> list[Source]:
    return [Source(recipient_id=bot_id) for (bot_id,) in connection.execute(_BOTS)]


def page_of_source(
    connection: sqlite3.Connection,
    source: Source,
    after: int,
    upto: int,
    *,
    sized: bool,
    limit: int,
) -> SourcePage:
    """Counts the messages of a source between two seqs; unless `sized`, by the index alone."""
    statement = _PAGE_OF_SOURCE.format(
        size=f"coalesce(sum({_SIZE.replace('m.', 'p.')}), 0)" if sized else "0",
        columns=", m.body, m.headers" if sized else "",
        of_source=_of(source),
    )
    parameters = {"source": _name(source), "after": after, "upto": upto, "limit": limit}
    last, messages, size = connection.execute(statement, parameters).fetchone()
    return SourcePage(last or 0, messages, size)


def tally(connection: sqlite3.Connection, after: int, span: int) -> tuple[int, list[Tally]]:
    """How many messages of which source follow a seq, within a span of seqs; up to which seq that is.

    It is the seq asked for if there are none.
    """
    first = connection.execute(_FIRST_BEYOND, {"after": after}).fetchone()[0]
    if first is None:
        return after, []
    upto = min(first + span, newest_seq(connection))
    rows = connection.execute(_TALLY, {"after": after, "upto": upto})
    return upto, [Tally(Source(row[0], row[1]), row[2], row[3]) for row in rows]


def oldest_deletable(
    connection: sqlite3.Connection, source: Source, guard: Guard, upto: int, limit: int
) -> list[Deletable]:
    """The first messages of a source that may go, none of them beyond a seq."""
    parameters = _parameters(connection, source, guard)
    parameters["upto"] = min(upto, int(parameters["upto"]))
    rows = connection.execute(_statement(_OLDEST, source, guard), {**parameters, "limit": limit})
    return [Deletable(*row) for row in rows]


def deletable_of(
    connection: sqlite3.Connection, source: Source, guard: Guard, seqs_as_json: str
) -> list[int]:
    """Those of some messages that may go."""
    parameters = {**_parameters(connection, source, guard), "seqs": seqs_as_json}
    rows = connection.execute(_statement(_OF_THESE, source, guard), parameters)
    return [row[0] for row in rows]


def newest_seq(connection: sqlite3.Connection) -> int:
    return int(connection.execute(_NEWEST).fetchone()[0])


def _statement(template: str, source: Source, guard: Guard) -> str:
    return template.format(of_source=_of(source), guarding=_GUARDING[guard.undelivered])


def _of(source: Source) -> str:
    column = "recipient_bot_id" if source.channel is None else "recipient_channel"
    return f"m.{column} = :source"


def _name(source: Source) -> str:
    return (source.recipient_id if source.channel is None else source.channel) or ""


def _parameters(
    connection: sqlite3.Connection, source: Source, guard: Guard
) -> dict[str, int | str]:
    name = _name(source)
    upto = newest_seq(connection) - 1
    if guard.undelivered == "keep":
        floor = _DIRECT_FLOOR if source.channel is None else _CHANNEL_FLOOR
        row = connection.execute(floor, {"source": name}).fetchone()
        if row is not None and row[0] is not None:
            upto = min(upto, row[0])
    return {"source": name, "upto": upto, "dead_before": guard.dead_before}
