"""Asks that wait for their reply.

The first reply to a question goes straight to whoever asked and is settled by that; it never shows up
in the mailbox. A reply that comes too late, or a second one, is an ordinary message.
"""

import asyncio

from botbus_daemon.presence import Session
from botbus_protocol.records import Message


class Question:
    """An ask that is parked."""

    __slots__ = ("answer", "session")

    def __init__(self, session: Session) -> None:
        self.session = session
        self.answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()


class Questions:
    def __init__(self) -> None:
        self.parked: dict[str, Question] = {}
        """By the id of the message that asks."""

    def open(self, message_id: str, session: Session) -> Question:
        """Waits for the reply to a message; a question asked again replaces the first asking."""
        question = self.parked[message_id] = Question(session)
        return question

    def close(self, message_id: str, question: Question) -> None:
        if self.parked.get(message_id) is question:
            del self.parked[message_id]

    def claim(self, message: Message, recipient_id: str | None) -> Session | None:
        """Gives a committed message to the question it answers; the session that asked, if any."""
        question = self.parked.get(message.reply_to or "")
        if (
            question is None
            or question.session.bot_id != recipient_id
            or question.session.closed
            or question.answer.done()
        ):
            return None
        question.answer.set_result(message)
        return question.session
