"""Makes requests out of what a bot says, or tells it in a sentence why it cannot be said.

The structs of the protocol check themselves; here a ValueError or TypeError of theirs becomes
`Invalid`, Python's values become the wire's (a datetime its text, a body its bytes), and a message
gets its id. What JSON cannot hold but msgpack can (bytes, NaN, datetimes in a body) is refused by
the daemon: to look for it here too would cost a second pass over each body.
"""

# ruff: noqa: A002 - type, id and max are words of the contract

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from botbus import traces
from botbus.errors import Invalid
from botbus.held import Held
from botbus_protocol import requests
from botbus_protocol.grammar import new_id
from botbus_protocol.timestamps import format_time

T = TypeVar("T")


def send(
    to: str,
    body: Any,
    *,
    type: str = "message",
    id: str | None = None,
    reply_to: str | None = None,
    headers: dict[str, str] | None = None,
    ttl: float | None = None,
    delay: float | None = None,
    deliver_at: datetime | str | None = None,
    session_id: str | None = None,
) -> requests.Send:
    """A direct message."""
    return checked(
        requests.Send,
        to=to,
        body=encoded_body(body),
        type=type,
        id=id or new_id(),
        reply_to=reply_to,
        headers=(headers or {}) if id else traces.of_this_span(headers),  # a repeat is the same
        ttl=ttl,
        delay=delay,
        deliver_at=time_text(deliver_at),
        session_id=session_id,
    )


def publish(
    channel: str,
    body: Any,
    *,
    type: str = "message",
    id: str | None = None,
    reply_to: str | None = None,
    headers: dict[str, str] | None = None,
    ttl: float | None = None,
    delay: float | None = None,
    deliver_at: datetime | str | None = None,
    session_id: str | None = None,
) -> requests.Publish:
    """A message to a channel."""
    return checked(
        requests.Publish,
        channel=channel,
        body=encoded_body(body),
        type=type,
        id=id or new_id(),
        reply_to=reply_to,
        headers=(headers or {}) if id else traces.of_this_span(headers),
        ttl=ttl,
        delay=delay,
        deliver_at=time_text(deliver_at),
        session_id=session_id,
    )


def ask(question: requests.Send, timeout: float) -> requests.Ask:
    """The same message, as a question that waits for its answer."""
    fields = {field: getattr(question, field) for field in question.__struct_fields__}
    return checked(requests.Ask, timeout=timeout, **fields)


def recall(id: str) -> requests.Recall:
    return checked(requests.Recall, id=id)


def create_channel(name: str) -> requests.CreateChannel:
    return checked(requests.CreateChannel, name=name)


def subscribe(channel: str, start: str | int | datetime = "new") -> requests.Subscribe:
    """`start` is "new", "first", a seq, or a time."""
    where = time_text(start) if isinstance(start, datetime) else start
    return checked(requests.Subscribe, channel=channel, start=where)


def unsubscribe(channel: str) -> requests.Unsubscribe:
    return checked(requests.Unsubscribe, channel=channel)


def ack(held: Held) -> requests.Ack:
    return requests.Ack(seq=held.message.seq, lease=held.lease)


def nak(
    held: Held, delay: float | None = None, counts: bool = True, reason: str = ""
) -> requests.Nak:
    seq, lease = held.message.seq, held.lease
    return checked(requests.Nak, seq=seq, lease=lease, delay=delay, counts=counts, reason=reason)


def term(held: Held, reason: str) -> requests.Term:
    return checked(requests.Term, seq=held.message.seq, lease=held.lease, reason=reason)


def reply(
    held: Held,
    body: Any,
    *,
    type: str = "message",
    headers: dict[str, str] | None = None,
    ttl: float | None = None,
    delay: float | None = None,
    deliver_at: datetime | str | None = None,
) -> requests.Send:
    """An answer to the sender, in the same session; its id is the same however often it is made."""
    return send(
        held.message.sender,
        body,
        type=type,
        id=held.hold.reply_id,
        reply_to=held.message.id,
        headers=traces.of_question(headers, held.message.headers),
        ttl=ttl,
        delay=delay,
        deliver_at=deliver_at,
        session_id=held.message.session_id,
    )


def replay_dead(bot: str, seqs: list[int] | None = None) -> requests.ReplayDead:
    return checked(requests.ReplayDead, bot=bot, seqs=seqs)


def drop_dead(bot: str, seqs: list[int] | None = None) -> requests.DropDead:
    return checked(requests.DropDead, bot=bot, seqs=seqs)


def checked(kind: Callable[..., T], /, **fields: Any) -> T:
    """A request, made and checked. Raises Invalid with a sentence."""
    try:
        return kind(**fields)
    except ValueError as error:
        raise Invalid(str(error)) from None
    except TypeError as error:
        raise Invalid(_wrong_type(kind, fields) or str(error)) from None


def encoded_body(body: Any) -> Raw:
    """Bytes of a body. Raises Invalid if it holds what cannot be sent."""
    return encoded(body, "body")


def encoded(value: Any, what: str) -> Raw:
    """Bytes of a value as it is. Raises Invalid if it holds what cannot be sent."""
    try:
        return Raw(_encode(value))
    except _UnsendableError as error:
        raise Invalid(
            f"{what} has a {error}, which cannot be sent: make it a dict, list, str, "
            "int, float, bool or None first"
        ) from None
    except RecursionError:
        raise Invalid(f"{what} is nested too deeply, or holds itself: send a flatter one") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise Invalid(f"{what} cannot be sent: {error}") from None


class _UnsendableError(TypeError):
    """Something has a type that msgpack does not know; says which."""


def _refuse(part: Any) -> Any:
    raise _UnsendableError(type(part).__name__)


_encode = msgspec.msgpack.Encoder(enc_hook=_refuse).encode


def time_text(moment: datetime | str | None) -> str | None:
    """The wire's text of a time; text stays as it is. Raises Invalid for a naive datetime."""
    if moment is None or isinstance(moment, str):
        return moment
    try:
        return format_time(moment)
    except (ValueError, AttributeError) as error:
        raise Invalid(str(error)) from None


def _wrong_type(kind: Any, fields: dict[str, Any]) -> str | None:
    """Names the field whose value is of the wrong type."""
    for field in msgspec.structs.fields(kind):
        if field.name in fields and field.type is not Raw:
            try:
                msgspec.convert(fields[field.name], field.type)
            except msgspec.ValidationError as error:
                return f"{field.name}: {error}"
    return None
