"""From the bytes of a frame to the bytes of its answer.

A table says who handles what. Requests are carried out in order; what they write is committed
together, and their replies are made afterwards. Whatever a client sends, it gets an answer: a refusal
for what is expected to go wrong, `internal` for a defect, which is logged once.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from msgspec import Struct

from botbus_daemon import current
from botbus_daemon.answers import INTERNAL, Answers
from botbus_daemon.broker import Broker
from botbus_daemon.current import CURRENT
from botbus_daemon.eagerly import begin
from botbus_daemon.handlers import (
    approvals,
    asking,
    channels,
    claiming_runs,
    configurations,
    connections,
    dead_letters,
    definitions,
    fetching,
    inspecting,
    runs,
    schedules,
    sending,
    sessions,
    settling,
    stats,
    steps,
    tasks,
    tool_executions,
    workflow_tasks,
    workstreams,
)
from botbus_daemon.plans import Caller, Handler, Plan, Planning, Write
from botbus_daemon.presence import Connection
from botbus_protocol import requests
from botbus_protocol.codec import Frame, decode_frame, encode, encode_replies
from botbus_protocol.errors import Code, Fault, Refused
from botbus_storage.engine import Result, whole_failed

logger = logging.getLogger(__name__)

HANDLERS: dict[type[requests.Request], Handler] = {
    requests.Hello: inspecting.hello,
    requests.Send: sending.send,
    requests.Publish: sending.send,
    requests.Ask: asking.ask,
    requests.Recall: sending.recall,
    requests.Fetch: fetching.fetch,
    requests.CancelFetch: fetching.cancel_fetch,
    requests.Peek: fetching.peek,
    requests.Ack: settling.ack,
    requests.Nak: settling.nak,
    requests.Extend: settling.extend,
    requests.Term: settling.term,
    requests.CreateChannel: channels.create_channel,
    requests.ListChannels: channels.list_channels,
    requests.GetChannel: channels.get_channel,
    requests.Subscribe: channels.subscribe,
    requests.Unsubscribe: channels.unsubscribe,
    requests.ListSubscriptions: channels.list_subscriptions,
    requests.ListSubscribers: channels.list_subscribers,
    requests.History: inspecting.history,
    requests.ShowMessage: inspecting.show_message,
    requests.Tail: inspecting.tail,
    requests.ListBots: inspecting.list_bots,
    requests.Stats: stats.stats,
    requests.ListDead: dead_letters.list_dead,
    requests.ReplayDead: dead_letters.replay_dead,
    requests.DropDead: dead_letters.drop_dead,
    **definitions.HANDLERS,
    **schedules.HANDLERS,
    **runs.HANDLERS,
    **claiming_runs.HANDLERS,
    **steps.HANDLERS,
    **approvals.HANDLERS,
    **workstreams.HANDLERS,
    **sessions.HANDLERS,
    **tasks.HANDLERS,
    **workflow_tasks.HANDLERS,
    **tool_executions.HANDLERS,
    **connections.HANDLERS,
    **configurations.HANDLERS,
}

MOST_ANSWER_BYTES = 16 * 1024 * 1024
"""Beyond it the rest of a frame is not looked up: what a small frame asks for must fit into memory."""


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
        then = partial(self._finish, reply, request)
        return begin(self._plan_frame(data, connection), then, request)

    async def _plan_frame(self, data: bytes, connection: Connection) -> Answers:
        """What is to be answered, all but what waits for the last commit."""
        answers = Answers(1)
        try:
            frame = decode_frame(data, self._broker.settings.limits)
            caller = await self._caller(frame, connection)
            answers = Answers(len(frame.requests), atomic=frame.atomic)
            if frame.atomic:
                await self._plan_together(frame, caller, answers)
            else:
                await self._plan_each(frame, caller, answers)
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

    async def _plan_each(self, frame: Frame, caller: Caller, answers: Answers) -> None:
        ids: set[str | None] = set()
        room, several = MOST_ANSWER_BYTES, len(frame.requests) > 1
        for index, request in enumerate(frame.requests):
            if type(request) is Fault:
                answers.say(index, request)
                continue
            if answers.pending and _needs_what_is_pending(request, ids):
                answers.settle(await self._broker.store.submit(answers.operations()))
                self._broker.serve_woken()
                ids = set()
            plan = self._plan(request, caller) if request.mutates or room > 0 else _TOO_MUCH
            if type(plan) is not Write and not isinstance(plan, Struct):
                plan = await self._planned(plan, request, caller)
            if type(plan) is Write:
                answers.pending.append((index, plan))
                ids.add(getattr(request, "id", None))
                continue
            answers.say(index, plan)
            if several and not request.mutates:
                room -= len(encode(plan))

    def _plan(self, request: requests.Request, caller: Caller) -> Plan | Fault | Planning:
        self._broker.tally.requests[type(request)] += 1
        try:
            if not caller.connection.trusted:
                self._broker.guard.check(caller.connection, caller.name, request)
            return HANDLERS[type(request)](self._broker, caller, request)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
            return _fault_of(request, error)

    async def _planned(
        self, planning: Planning, request: requests.Request, caller: Caller
    ) -> Plan | Fault:
        """What had to be waited for."""
        try:
            plan = await planning
            if request.parks and not caller.connection.trusted:  # the policy may have changed since
                self._broker.guard.check(caller.connection, caller.name, request)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
            return _fault_of(request, error)
        else:
            return plan

    async def _plan_together(self, frame: Frame, caller: Caller, answers: Answers) -> None:
        for index, request in enumerate(frame.requests):
            plan = await self._plan_part(request, caller)
            if isinstance(plan, Fault):
                answers.fail_whole(whole_failed(index, plan))
                return
            if isinstance(plan, Write):
                answers.pending.append((index, plan))
            else:
                answers.say(index, plan)  # a repeat: it is so already

    async def _plan_part(
        self, request: requests.AnyRequest | Fault, caller: Caller
    ) -> Plan | Fault:
        """The plan of a part of an atomic frame."""
        if isinstance(request, Fault):
            return request
        if request.mutates and not request.parks:
            plan = self._plan(request, caller)
            if isinstance(plan, Struct):
                return plan
            return await self._planned(plan, request, caller)
        name = str(request.__struct_config__.tag)
        return Fault(Code.INVALID.value, f"{name} cannot be atomic: send it in a frame of its own")

    def _finish(
        self, reply: Callable[[bytes], None], request: current.Request, answers: Answers
    ) -> None:
        """Commits what is pending, and replies when it is on disk."""
        if not answers.pending:
            self._reply(reply, answers)
            return
        then = partial(self._committed, reply, request, answers)
        self._broker.store.write(answers.operations(), then, atomic=answers.atomic)

    def _committed(
        self,
        reply: Callable[[bytes], None],
        request: current.Request,
        answers: Answers,
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

    def _reply(self, reply: Callable[[bytes], None], answers: Answers) -> None:
        if answers.refused:
            self._broker.tally.refuse(answers.said)
        reply(encode_replies(answers.said))


def _fault_of(request: requests.Request, error: Exception) -> Fault:
    """What is answered when a request could not be planned; a defect is logged."""
    if isinstance(error, Refused):
        return error.fault
    logger.error("%s failed", type(request).__name__, exc_info=error)
    return INTERNAL


def _needs_what_is_pending(request: requests.Request, ids: set[str | None]) -> bool:
    """Whether a request may look at what was written before it, or make that wait for long."""
    if request.parks or not request.mutates:
        return True
    reply_to = getattr(request, "reply_to", None)
    return reply_to is not None and reply_to in ids


_TOO_MUCH = Fault(
    Code.TOO_LARGE.value,
    f"the replies to this frame are beyond {MOST_ANSWER_BYTES} bytes together: ask in several frames",
    {"limit": "answer_bytes", "figure": MOST_ANSWER_BYTES},
)
