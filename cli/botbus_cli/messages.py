"""Messages as a person reads them: a line each as they come, or a table of many."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from botbus_cli.json_lines import echo_json, plain
from botbus_cli.tables import Column, show_list
from botbus_cli.visible import body_line, time_text, visible

if TYPE_CHECKING:
    from botbus import Message


def recipient(message: "Message") -> str:
    """A bot, or a channel as #channel."""
    return message.recipient if message.recipient is not None else f"#{message.channel}"


def message_line(message: "Message", attempt: int = 1) -> str:
    """All of a message that matters to who reads it, in one line."""
    notes = [f"id {message.id}"]
    if message.reply_to:
        notes.append(f"reply to {message.reply_to}")
    if attempt > 1:
        notes.append(f"attempt {attempt}")
    notes += [f"{name}={value}" for name, value in message.headers.items()]
    return (
        f"{message.seq}  {time_text(message.timestamp)}  {message.sender} → {recipient(message)}  "
        f"[{visible(message.type)}]  {body_line(message.body)}  ({visible(', '.join(notes))})"
    )


def echo_message(message: "Message", *, as_json: bool, attempt: int | None = None) -> None:
    """Prints a message as it comes; what is printed is out when this returns."""
    if not as_json:
        click.echo(message_line(message, attempt or 1))
    elif attempt is None:
        echo_json(message)
    else:
        echo_json(plain(message) | {"attempt": attempt})


def show_messages(messages: Sequence["Message"], *, as_json: bool) -> None:
    show_list(messages, _COLUMNS, as_json=as_json, nothing="there are no such messages")


_COLUMNS: list[Column["Message"]] = [
    Column("seq", lambda message: message.seq, right=True),
    Column("time (UTC)", lambda message: time_text(message.timestamp)),
    Column("from", lambda message: message.sender),
    Column("to", recipient),
    Column("type", lambda message: message.type),
    Column("body", lambda message: body_line(message.body), folds=True),
    Column("id", lambda message: message.id, wide=True),
]
