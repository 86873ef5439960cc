"""From the bytes of a frame to the bytes of its answer.

A table says who handles what. Requests are carried out in order; what they write is committed
together, and their replies are made afterwards. Whatever a client sends, it gets an answer: a refusal
for what is expected to go wrong, `internal` for a defect, which is logged once.
"""

import logging
from collections.abc import Sequence

from botbus_daemon.broker import Broker
from botbus_daemon.handlers import (
    asking,
    channels,
    dead_letters,
    fetching,
    inspecting,
    sending,
    settling,
)
from botbus_daemon.plans import Caller, Handler, Plan, Write
from botbus_daemon.presence import Connection
from botbus_protocol import requests
from botbus_protocol.codec import Frame, decode_frame, encode, encode_replies
from botbus_protocol.errors import Code, Fault, Refused
from botbus_protocol.replies import Reply
from botbus_storage.engine import whole_failed

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
    requests.ListDead: dead_letters.list_dead,
    requests.ReplayDead: dead_letters.replay_dead,
    requests.DropDead: dead_letters.drop_dead,
}

MOST_ANSWER_BYTES = 16 * 1024 * 1024
"""Beyond it the rest of a frame is not looked up: what a small frame asks for must fit into memory."""

Answer = Reply | Fault
Pending = list[tuple[int, Write]]


class Dispatcher:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def answer(self, data: bytes, connection: Connection) -> bytes:
        """The answer to a frame. Never raises for anything a client sent."""
        try:
            answers = await self._answer(data, connection)
        except Refused as refusal:
            answers = [refusal.fault]
        except Exception:
            logger.exception("a frame could not be answered")
            answers = [_INTERNAL]
        return encode_replies(answers)

    async def _answer(self, data: bytes, connection: Connection) -> Sequence[Answer]:
        frame = decode_frame(data, self._broker.settings.limits)
        if self._broker.closing.done():
            raise Refused(
                Code.SHUTTING_DOWN, "the daemon is stopping: connect again and repeat this"
            )
        session = None
        if not connection.trusted:
            self._broker.guard.check_bot(connection, frame.bot)
        if frame.bot is not None:
            session = await self._broker.presence.session(connection, frame.bot)
        caller = Caller(connection, session, frame.atomic)
        if frame.atomic:
            return await self._answer_atomically(frame, caller)
        return await self._answer_each(frame, caller)

    async def _answer_each(self, frame: Frame, caller: Caller) -> list[Answer]:
        answers: list[Answer] = [_INTERNAL] * len(frame.requests)
        pending: Pending = []
        ids: set[str | None] = set()
        room = MOST_ANSWER_BYTES
        for index, request in enumerate(frame.requests):
            if isinstance(request, Fault):
                answers[index] = request
                continue
            if pending and _needs_what_is_pending(request, ids):
                await self._commit(pending, answers)
                pending, ids = [], set()
            may_be_long = not request.mutates and len(frame.requests) > 1
            plan = _TOO_MUCH if may_be_long and room <= 0 else await self._plan(request, caller)
            if isinstance(plan, Write):
                pending.append((index, plan))
                ids.add(getattr(request, "id", None))
            else:
                answers[index] = plan
                room -= len(encode(plan)) if may_be_long else 0
        if pending:
            await self._commit(pending, answers)
        return answers

    async def _plan(self, request: requests.Request, caller: Caller) -> Plan | Fault:
        try:
            if not caller.connection.trusted:
                self._broker.guard.check(caller.connection, caller.name, request)
            return await HANDLERS[type(request)](self._broker, caller, request)
        except Refused as refusal:
            return refusal.fault
        except Exception:
            logger.exception("%s failed", type(request).__name__)
            return _INTERNAL

    async def _answer_atomically(self, frame: Frame, caller: Caller) -> list[Answer]:
        answers: list[Answer] = [_INTERNAL] * len(frame.requests)
        pending: Pending = []
        for index, request in enumerate(frame.requests):
            plan = await self._plan_part(request, caller)
            if isinstance(plan, Fault):
                _undo(pending)
                return [whole_failed(index, plan)] * len(frame.requests)
            if isinstance(plan, Write):
                pending.append((index, plan))
            else:
                answers[index] = plan  # a repeat: it is so already
        if pending:
            await self._commit(pending, answers, atomic=True)
            failure = answers[pending[0][0]]
            if isinstance(failure, Fault):
                return [_counted_in_frame(failure, pending)] * len(frame.requests)
        return answers

    async def _plan_part(
        self, request: requests.AnyRequest | Fault, caller: Caller
    ) -> Plan | Fault:
        """The plan of a part of an atomic frame."""
        if isinstance(request, Fault):
            return request
        if request.mutates and not request.parks:
            return await self._plan(request, caller)
        name = str(request.__struct_config__.tag)
        return Fault(Code.INVALID.value, f"{name} cannot be atomic: send it in a frame of its own")

    async def _commit(
        self, pending: Pending, answers: list[Answer], *, atomic: bool = False
    ) -> None:
        """Writes what is pending and fills in the answers, which exist only now that it is on disk."""
        operations = [write.operation for _, write in pending]
        results = await self._broker.store.submit(operations, atomic=atomic)
        for (index, write), result in zip(pending, results, strict=True):
            if isinstance(result, Fault):
                if write.undo is not None:
                    write.undo()
                answers[index] = result
            else:
                answers[index] = write.then(result)
        self._broker.serve_woken()


def _needs_what_is_pending(request: requests.Request, ids: set[str | None]) -> bool:
    """Whether a request may look at what was written before it, or make that wait for long."""
    if request.parks or not request.mutates:
        return True
    reply_to = getattr(request, "reply_to", None)
    return reply_to is not None and reply_to in ids


def _undo(pending: Pending) -> None:
    for _, write in pending:
        if write.undo is not None:
            write.undo()


def _counted_in_frame(failure: Fault, pending: Pending) -> Fault:
    """The failure of a group, with the culprit's place in the frame: a group leaves out repeats."""
    culprit = (failure.details or {}).get("failed_request")
    if culprit is None or pending[culprit][0] == culprit:
        return failure
    cause = failure.message.partition(": ")[2]
    return whole_failed(pending[culprit][0], Fault(failure.code, cause, failure.details))


_TOO_MUCH = Fault(
    Code.TOO_LARGE.value,
    f"the replies to this frame are beyond {MOST_ANSWER_BYTES} bytes together: ask in several frames",
    {"limit": "answer_bytes", "figure": MOST_ANSWER_BYTES},
)
_INTERNAL = Fault(Code.INTERNAL.value, "the daemon failed at this request; its log says why")
