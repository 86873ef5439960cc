"""Putting history back: into an empty database, or into the one that it came from.

Everything happens in one transaction of a database that nobody else has open for writing. A message
keeps its id, its seq and its time, so it comes back to where it was; one that is there already is left
as it is. What is put back is history and not mail: nobody is handed it who was not going to be.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from botbus_protocol import timestamps
from botbus_protocol.grammar import looks_like_id, new_id
from botbus_storage.archive.lines import (
    MOST_BYTES,
    VERSION,
    AnyLine,
    ChannelLine,
    End,
    Header,
    MessageLine,
    parsed,
)

AHEAD = 60.0
"""Seconds by which a message may be from the future: the daemon's clock never goes back behind it."""

_COLUMNS = """
    seq, id, timestamp, sender_bot_id, sender_bot_name, recipient_type, recipient_bot_id,
    recipient_channel, message_type, body, reply_to, thread_id, hops, headers, expires_at, deliver_at,
    session_id, sender_uid, sender_pid
"""
_FIND = """
    SELECT m.seq, m.timestamp, m.sender_bot_name, r.name, m.recipient_channel, m.message_type, m.body
    FROM bot_messages m LEFT JOIN bots r ON r.id = m.recipient_bot_id WHERE m.id = ?
"""
_AT = "SELECT id FROM bot_messages WHERE seq = ?"
_INSERT = f"INSERT INTO bot_messages ({_COLUMNS}) VALUES ({', '.join('?' * 19)})"
_RECALL = "INSERT INTO bot_recalls (seq, recalled_at) VALUES (?, ?)"
_BEFORE = "SELECT timestamp FROM bot_messages WHERE seq < ? ORDER BY seq DESC LIMIT 1"
_AFTER = "SELECT timestamp FROM bot_messages WHERE seq > ? ORDER BY seq LIMIT 1"
_FIND_BOT = "SELECT id FROM bots WHERE name = ?"
_ADD_BOT = "INSERT INTO bots (id, name, created_at) VALUES (?, ?, ?)"
_FIND_CHANNEL = "SELECT 1 FROM bot_channels WHERE name = ?"
_ADD_CHANNEL = "INSERT INTO bot_channels (name, created_at, created_by_bot_id) VALUES (?, ?, ?)"
_IMPORTED = "CREATE TEMP TABLE imported (seq INTEGER PRIMARY KEY)"
_NOTE = "INSERT INTO imported (seq) VALUES (?)"
_ACCOUNT = "UPDATE bots SET cursor = (SELECT coalesce(max(seq), 0) FROM imported) WHERE id = ?"
_NO_MAIL = """
    INSERT INTO bot_deliveries (seq, bot_id, state, settled_at, reason)
    SELECT m.seq, s.bot_id, 'dropped', :now, 'it was imported, as history'
    FROM imported i CROSS JOIN bot_messages m ON m.seq = i.seq
    JOIN {recipients} WHERE m.seq > s.cursor
    AND NOT EXISTS (SELECT 1 FROM bot_recalls c WHERE c.seq = m.seq)
    ON CONFLICT DO NOTHING
"""
_NO_DIRECT_MAIL = _NO_MAIL.format(
    recipients="(SELECT id AS bot_id, cursor FROM bots) s ON s.bot_id = m.recipient_bot_id"
)
_NO_CHANNEL_MAIL = _NO_MAIL.format(
    recipients="bot_subscriptions s ON s.channel_name = m.recipient_channel"
)


class BadLine(Exception):  # noqa: N818 - what is wrong is the line
    """A line that cannot be taken; the sentence begins with its number."""

    def __init__(self, number: int, sentence: str) -> None:
        super().__init__(f"line {number}: {sentence}")


class Imported(NamedTuple):
    messages: int
    """That were put back."""
    known: int
    """That were there already."""
    bad: list[str]
    """A sentence for each line that was left out."""


def import_history(
    connection: sqlite3.Connection, lines: Iterable[bytes], *, skip_bad: bool = False
) -> Imported:
    """Puts back what the lines hold, all of it or, if a line is bad, nothing.

    With `skip_bad` bad lines are left out. Raises BadLine, sqlite3.Error.
    """
    connection.execute(_IMPORTED)
    connection.execute("BEGIN IMMEDIATE")
    try:
        intake = Intake(connection)
        bad = [_passed_over(error, skip_bad=skip_bad) for error in _taken(intake, lines)]
        intake.settle()
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return Imported(intake.messages, intake.known, bad)


def _taken(intake: "Intake", lines: Iterable[bytes]) -> Iterator[BadLine]:
    """Takes the lines; those that are bad."""
    number = 0
    for number, text in enumerate(lines, start=1):
        try:
            if number == 1:
                _check_header(_line(text))
            else:
                intake.take(_line(text))
        except (ValueError, sqlite3.IntegrityError) as error:
            bad = BadLine(number, str(error))
            if number == 1:
                raise bad from error  # whatever this is, it is no history of ours
            yield bad
    if not intake.ended:
        yield BadLine(number + 1, "the file ends before its last line: it was cut off")


def _passed_over(error: BadLine, *, skip_bad: bool) -> str:
    if not skip_bad:
        raise error
    return str(error)


def _line(text: bytes) -> AnyLine:
    if len(text) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES} bytes are no message")
    return parsed(text)


def _check_header(line: AnyLine) -> None:
    if not isinstance(line, Header):
        raise ValueError("an export begins with its header")  # noqa: TRY004 - the line is wrong
    if line.version != VERSION:
        raise ValueError(f"format {line.version} is not known here, only {VERSION}: upgrade botbus")


class Intake:
    """What was taken so far, inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._latest = timestamps.from_epoch(time.time() + AHEAD)
        self._bots: dict[str, str] = {}
        self._new_bots: set[str] = set()
        self._last = 0
        self.messages = 0
        self.known = 0
        self._seen = 0
        self.ended = False
        """Whether the last line was there."""

    def take(self, line: AnyLine) -> None:
        """Raises ValueError with a sentence, or sqlite3.IntegrityError, and then has taken nothing."""
        if self.ended or isinstance(line, Header):
            raise ValueError("an export has one header, and nothing after its last line")
        if isinstance(line, ChannelLine):
            self._take_channel(line)
        elif isinstance(line, MessageLine):
            self._seen += 1
            self._take_message(line)
        else:
            self._end(line)

    def _end(self, line: End) -> None:
        self.ended = True
        if line.messages != self._seen:
            raise ValueError(
                f"there were {line.messages} messages when this was written, and here are {self._seen}"
            )

    def settle(self) -> None:
        """Sees to it that nothing of this is delivered."""
        for bot_id in self._new_bots:
            self._execute(_ACCOUNT, (bot_id,))
        now = timestamps.from_epoch(time.time())
        for statement in (_NO_DIRECT_MAIL, _NO_CHANNEL_MAIL):
            self._execute(statement, {"now": now})

    def _take_channel(self, line: ChannelLine) -> None:
        if self._execute(_FIND_CHANNEL, (line.name,)).fetchone() is None:
            creator = line.created_by
            bot_id = creator if looks_like_id(creator) else self._bot(creator, line.created_at)
            self._execute(_ADD_CHANNEL, (line.name, line.created_at, bot_id))

    def _take_message(self, line: MessageLine) -> None:
        if line.seq <= self._last:
            raise ValueError(
                f"seq {line.seq} does not come after {self._last}, which was before it"
            )
        there = self._execute(_FIND, (line.id,)).fetchone()
        if there is not None:
            self._check_same(line, there)
            self.known += 1
        else:
            self._check_channel(line)
            self._check_place(line)
            self._execute(_INSERT, self._row(line))
            if isinstance(line.recalled_at, str):
                self._execute(_RECALL, (line.seq, line.recalled_at))
            self._execute(_NOTE, (line.seq,))
            self.messages += 1
        self._last = line.seq

    def _check_same(self, line: MessageLine, there: tuple[Any, ...]) -> None:
        to, channel = _known(line.to), _known(line.channel)
        *fields, body = there
        same = [line.seq, line.timestamp, line.sender, to, channel, line.type] == fields
        if not same or json.loads(bytes(line.body)) != json.loads(body):
            raise ValueError(f"the id {line.id} belongs to another message in this database")

    def _check_place(self, line: MessageLine) -> None:
        """Its seq must be free, and its time fit there. Raises ValueError."""
        if (there := self._execute(_AT, (line.seq,)).fetchone()) is not None:
            raise ValueError(
                f"seq {line.seq} belongs to message {there[0]} in this database: import into an empty "
                "one, or into the one that this came from"
            )
        before = self._execute(_BEFORE, (line.seq,)).fetchone()
        after = self._execute(_AFTER, (line.seq,)).fetchone()
        if (before and before[0] > line.timestamp) or (after and after[0] < line.timestamp):
            raise ValueError(
                f"its time {line.timestamp} does not fit between the messages around seq {line.seq}: "
                "is this the history of another database?"
            )
        if line.timestamp > self._latest:
            raise ValueError(f"its time {line.timestamp} is in the future: is the clock right?")

    def _check_channel(self, line: MessageLine) -> None:
        channel = _known(line.channel)
        if channel and self._execute(_FIND_CHANNEL, (channel,)).fetchone() is None:
            raise ValueError(f"there is no channel {channel!r} in this database or before")

    def _row(self, line: MessageLine) -> tuple[Any, ...]:
        to, channel = _known(line.to), _known(line.channel)
        headers = line.headers
        return (
            line.seq,
            line.id,
            line.timestamp,
            self._bot(line.sender, line.timestamp),
            line.sender,
            "channel" if to is None else "direct",
            None if to is None else self._bot(to, line.timestamp),
            channel,
            line.type,
            bytes(line.body).decode(),
            _known(line.reply_to),
            _known(line.thread),
            line.hops,
            bytes(headers).decode() if isinstance(headers, msgspec.Raw) else None,
            _known(line.expires_at),
            _known(line.deliver_at),
            _known(line.session_id),
            _known(line.sender_uid),
            _known(line.sender_pid),
        )

    def _bot(self, name: str, since: str) -> str:
        """The id of a bot; one that is not known becomes known."""
        if (bot_id := self._bots.get(name)) is None:
            row = self._execute(_FIND_BOT, (name,)).fetchone()
            bot_id = self._bots[name] = new_id() if row is None else row[0]
            if row is None:
                self._execute(_ADD_BOT, (bot_id, name, since))
                self._new_bots.add(bot_id)
        return bot_id


def _known(value: Any) -> Any:
    return None if value is UNSET else value
