"""The life of a message as lines to read: what it is, then what happened to it, in order of time."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from botbus_cli.messages import recipient
from botbus_cli.visible import body_text, time_text, visible

if TYPE_CHECKING:
    from botbus import Message
    from botbus_protocol.records import DeliveryRecord
    from botbus_protocol.replies import MessageLife

NOW = "now"
"""Sorts after every time, and fills the place of one."""


class Event(NamedTuple):
    when: str
    what: str


def life_lines(life: "MessageLife") -> Iterator[str]:
    yield from _head(life.message)
    yield ""
    width = len(time_text(life.message.timestamp, "milliseconds"))
    for event in sorted(_events(life), key=lambda event: event.when):
        when = NOW if event.when == NOW else time_text(event.when, "milliseconds")
        yield f"{when:<{width}}  {visible(event.what)}"


def _head(message: "Message") -> Iterator[str]:
    yield f"message {message.id}"
    facts = {
        "seq": message.seq,
        "from": message.sender,
        "to": recipient(message),
        "type": message.type,
        "reply to": message.reply_to,
        "thread": message.thread,
        "deliver at": message.deliver_at,
        "expires at": message.expires_at,
        **{f"header {name}": value for name, value in message.headers.items()},
    }
    for name, value in facts.items():
        if value is not None:
            yield f"  {visible(name):<10}  {visible(str(value))}"
    first, *others = body_text(message.body).split("\n")
    yield f"  {'body':<10}  {first}"
    yield from (f"  {'':<10}  {line}" for line in others)


def _events(life: "MessageLife") -> Iterator[Event]:
    message = life.message
    pid = f", pid {life.sender_pid}" if life.sender_pid else ""
    yield Event(message.timestamp, f"committed, sent by {message.sender}{pid}")
    for record in life.deliveries:
        yield from _fetches(record)
        yield _STATES[record.state](record)
    if not life.deliveries:
        yield Event(NOW, "nobody was to be handed it" if message.channel else "settled")
    for reply in life.replies:
        yield Event(reply.timestamp, f"{reply.sender} replied: {reply.id} [{reply.type}]")


def _fetches(record: "DeliveryRecord") -> Iterator[Event]:
    by = f" (pid {record.holder_pid})" if record.holder_pid else ""
    if record.first_fetched_at is None:
        return
    if record.first_fetched_at == record.fetched_at:
        yield Event(
            record.first_fetched_at, f"{record.bot}{by} fetched it, attempt {record.attempts}"
        )
        return
    yield Event(record.first_fetched_at, f"{record.bot} fetched it, attempt 1")
    if record.fetched_at is not None:
        yield Event(record.fetched_at, f"{record.bot}{by} fetched it, attempt {record.attempts}")


def _now(words: str) -> Callable[["DeliveryRecord"], Event]:
    """A state it is in."""

    def event(record: "DeliveryRecord") -> Event:
        until = f" (until {time_text(record.due_at, 'milliseconds')})" if record.due_at else ""
        return Event(NOW, f"{words.format(bot=record.bot)}{until}{_why(record)}")

    return event


def _then(words: str) -> Callable[["DeliveryRecord"], Event]:
    """An end it came to."""

    def event(record: "DeliveryRecord") -> Event:
        return Event(record.settled_at or NOW, f"{words.format(bot=record.bot)}{_why(record)}")

    return event


def _why(record: "DeliveryRecord") -> str:
    return f": {record.reason}" if record.reason else ""


_STATES: dict[str, Callable[["DeliveryRecord"], Event]] = {
    "pending": _now("in the mailbox of {bot}, not fetched yet"),
    "leased": _now("{bot} holds it"),
    "waiting": _now("to be offered to {bot} again"),
    "acked": _then("{bot} acked it"),
    "dead": _then("dead letter of {bot}"),
    "dropped": _then("dead letter of {bot}, given up"),
    "expired": _then("expired at {bot}"),
    "recalled": _then("recalled before {bot} was handed it"),
}
