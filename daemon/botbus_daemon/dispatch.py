"""From the bytes of a frame to the bytes of its answer.

Requests are planned (`planning`), what they write is committed together, and their replies are made
afterwards. Whatever a client sends, it gets an answer: a refusal for what is expected to go wrong,
`internal` for a defect, which is logged once.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from botbus_daemon import current
from botbus_daemon.answers import INTERNAL, Answering, Answers
from botbus_daemon.broker import Broker
from botbus_daemon.current import CURRENT
from botbus_daemon.eagerly import begin
from botbus_daemon.planning import Planner, plan_in_bulk
from botbus_daemon.plans import Caller
from botbus_daemon.presence import Connection
from botbus_protocol.codec import Frame, decode_frame, encode_replies
from botbus_protocol.errors import Code, Refused
from botbus_storage.engine import Result

logger = logging.getLogger(__name__)


class Dispatcher:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def answer(
        self, data: bytes, connection: Connection, reply: Callable[[bytes], None]
    ) -> "asyncio.Task[None] | None":
        """Has a frame answered: `reply` is called on the loop with the bytes, once.

        A task if it waits for more than its commit. Never raises for anything a client sent.
        """
        connection.frames += 1
        request = current.Request(connection, connection.frames)
        if self._sent_in_bulk(data, reply, request, connection):
            return None
        then = partial(self._finish, reply, request)
        return begin(self._plan_frame(data, connection), then, request)

    def _sent_in_bulk(
        self,
        data: bytes,
        reply: Callable[[bytes], None],
        request: current.Request,
        connection: Connection,
    ) -> bool:
        """Whether the frame holds nothing but plain letters; they are on their way then."""
        before, CURRENT.request = CURRENT.request, request
        try:
            mail = plan_in_bulk(self._broker, connection, data)
            if mail is not None:
                self._finish(reply, request, mail)
        finally:
            CURRENT.request = before
        return mail is not None

    async def _plan_frame(self, data: bytes, connection: Connection) -> Answers:
        """What is to be answered, all but what waits for the last commit."""
        answers = Answers(1)
        try:
            frame = decode_frame(data, self._broker.settings.limits)
            caller = await self._caller(frame, connection)
            answers = Answers(len(frame.requests), atomic=frame.atomic)
            planner = Planner(self._broker, caller, answers)
            plan = planner.plan_together if frame.atomic else planner.plan_each
            await plan(frame.requests)
        except Refused as refusal:
            answers.fail_whole(refusal.fault)
        except Exception:
            logger.exception("a frame could not be answered")
            answers.fail_whole(INTERNAL)
        return answers

    async def _caller(self, frame: Frame, connection: Connection) -> Caller:
        """Who sent a frame. Raises Refused."""
        if self._broker.closing.done():
            raise Refused(
                Code.SHUTTING_DOWN, "the daemon is stopping: connect again and repeat this"
            )
        session = None
        if not connection.trusted:
            self._broker.guard.check_bot(connection, frame.bot)
        if frame.bot is not None:
            session = await self._broker.presence.session(connection, frame.bot)
        return Caller(connection, session, frame.atomic)

    def _finish(
        self, reply: Callable[[bytes], None], request: current.Request, answers: Answering
    ) -> None:
        """Commits what is pending, and replies when it is on disk."""
        if operations := answers.operations():
            then = partial(self._committed, reply, request, answers)
            self._broker.store.write(operations, then, atomic=answers.atomic)
        else:
            self._reply(reply, answers)

    def _committed(
        self,
        reply: Callable[[bytes], None],
        request: current.Request,
        answers: Answering,
        results: list[Result],
    ) -> None:
        before, CURRENT.request = CURRENT.request, request
        try:
            answers.settle(results)
            self._broker.serve_woken()
        except Exception:
            logger.exception("a frame that is committed could not be answered")
            answers.fail_whole(INTERNAL)
        finally:
            CURRENT.request = before
        self._reply(reply, answers)

    def _reply(self, reply: Callable[[bytes], None], answers: Answering) -> None:
        if answers.refused:
            self._broker.tally.refuse(answers.said)
        reply(encode_replies(answers.said))
