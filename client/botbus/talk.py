"""Sending, asking, and looking back at what was said."""

# ruff: noqa: A002 - type, id and max are words of the contract

from datetime import datetime
from typing import Any

from botbus import requesting
from botbus.errors import Timeout
from botbus.listening import Tailing
from botbus.polling import polls
from botbus.requesting import checked, time_text
from botbus.room import Room
from botbus.transport import narrowed
from botbus_protocol.records import Message
from botbus_protocol.replies import Answer, Done, MessageLife, Messages, Receipt
from botbus_protocol.requests import History, ShowMessage


class Talk(Room):
    async def send(
        self,
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
    ) -> Receipt:
        """Puts a message into a bot's mailbox, whether or not the bot is there.

        `to` is the bot's name or id; `body` is anything that JSON can hold. `ttl` and `delay` are
        seconds. With an `id` of one's own (`botbus.new_id()`) it may be sent again after an error,
        and arrives once. `session_id` makes it part of a session, whose messages
        `bus.sessions.messages` reads back.
        """
        request = requesting.send(
            to,
            body,
            type=type,
            id=id,
            reply_to=reply_to,
            headers=headers,
            ttl=ttl,
            delay=delay,
            deliver_at=deliver_at,
            session_id=session_id,
        )
        return narrowed(await self._transport.asked(request), Receipt)

    async def publish(
        self,
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
    ) -> Receipt:
        """Gives a message to every subscriber of a channel; the options are those of `send`."""
        request = requesting.publish(
            channel,
            body,
            type=type,
            id=id,
            reply_to=reply_to,
            headers=headers,
            ttl=ttl,
            delay=delay,
            deliver_at=deliver_at,
            session_id=session_id,
        )
        return narrowed(await self._transport.asked(request), Receipt)

    async def ask(
        self,
        to: str,
        body: Any,
        *,
        timeout: float = 30.0,
        type: str = "message",
        id: str | None = None,
        reply_to: str | None = None,
        headers: dict[str, str] | None = None,
        ttl: float | None = None,
        delay: float | None = None,
        deliver_at: datetime | str | None = None,
        session_id: str | None = None,
    ) -> Message:
        """Sends a message and waits for the first reply to it.

        Raises Timeout if none comes within `timeout` seconds; the question stays in the mailbox.
        """
        question = requesting.send(
            to,
            body,
            type=type,
            id=id,
            reply_to=reply_to,
            headers=headers,
            ttl=ttl,
            delay=delay,
            deliver_at=deliver_at,
            session_id=session_id,
        )
        for part in polls(timeout, self._transport.limits.wait_seconds):
            request = requesting.ask(question, part)
            answer = narrowed(await self._transport.alone(request, wait="timeout"), Answer)
            if answer.reply is not None:
                return answer.reply
        raise Timeout(
            f"{to} did not answer within {timeout:g} s; the question is kept as "
            f"{question.id} and may still be answered",
            details={"id": question.id},
        )

    async def recall(self, id: str) -> bool:
        """Takes back a message of one's own; False if it was taken back before.

        Raises IllegalState if somebody has been handed it already.
        """
        return (await self._transport.call(requesting.recall(id), Done)).changed

    async def history(
        self,
        *,
        between: tuple[str, str] | None = None,
        channel: str | None = None,
        thread: str | None = None,
        session_id: str | None = None,
        limit: int = 50,
        before: int | datetime | str | None = None,
        after: int | datetime | str | None = None,
    ) -> list[Message]:
        """Messages of two bots, of a channel, of a thread or of a session.

        The newest come first; with `after`, the oldest after it. Bounds are a seq or a time.
        """
        bounds = {"before": bound(before), "after": bound(after)}
        onward = "before" if after is None else "after"

        async def page(cursor: int | None, want: int) -> list[Message]:
            here = bounds if cursor is None else bounds | {onward: cursor}
            request = checked(
                History,
                between=between,
                channel=channel,
                thread=thread,
                session_id=session_id,
                limit=want,
                **here,
            )
            return (await self._transport.call(request, Messages)).messages

        return await self._paged(limit, None, page, lambda message: message.seq)

    async def message(self, id: str) -> MessageLife:
        """The whole life of a message: what became of it at each recipient, and its replies."""
        return await self._transport.call(checked(ShowMessage, id=id), MessageLife)

    def tail(
        self, channel: str | None = None, bot: str | None = None, after: int | None = None
    ) -> Tailing:
        """Watches messages as they are committed, from now on or from after a seq; takes none."""
        return Tailing(self._transport, channel, bot, after)


def bound(moment: int | datetime | str | None) -> int | str | None:
    return moment if isinstance(moment, int) else time_text(moment)
