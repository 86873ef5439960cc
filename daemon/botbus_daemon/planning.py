"""From the requests of a frame to what is written and answered.

A table says who handles what. Requests are planned in order; what they write is committed together at
the end, or as soon as a later one may look at it. A frame of plain letters only is planned in bulk.
Whatever goes wrong is answered: a refusal is expected, a defect is `internal` and logged.
"""

import logging

from msgspec import Struct

from botbus_daemon.answers import INTERNAL, Answers
from botbus_daemon.broker import Broker
from botbus_daemon.handlers import (
    approvals,
    asking,
    bulk,
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
from botbus_daemon.handlers.bulk import BulkMail
from botbus_daemon.plans import Caller, Handler, Plan, Planning, Write
from botbus_daemon.presence import Connection
from botbus_protocol import requests
from botbus_protocol.bulk_mail import decode_letters
from botbus_protocol.codec import encode
from botbus_protocol.errors import Code, Fault, Refused
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

Asked = requests.AnyRequest | Fault
"""A request, or what is wrong with it."""


class Planner:
    """Plans the requests of one frame into its answers."""

    def __init__(self, broker: Broker, caller: Caller, answers: Answers) -> None:
        self._broker = broker
        self._caller = caller
        self._answers = answers
        self._ids: set[str | None] = set()
        """Of what is pending."""
        self._room = MOST_ANSWER_BYTES

    async def plan_each(self, asked: list[Asked]) -> None:
        """Each stands for itself."""
        for index, request in enumerate(asked):
            if self._answers.pending and self._needs_what_is_pending(request):
                await self._settle()
            plan = self._plan(request)
            if type(plan) is not Write and not isinstance(plan, Struct):
                plan = await self._planned(plan, request)
            self._take(index, request, plan)

    async def plan_together(self, asked: list[Asked]) -> None:
        """All of them or none."""
        for index, request in enumerate(asked):
            plan = await self._plan_part(request)
            if isinstance(plan, Fault):
                self._answers.fail_whole(whole_failed(index, plan))
                return
            self._take(index, request, plan)  # no `Write` is a repeat: it is so already

    def _plan(self, request: Asked) -> Plan | Fault | Planning:
        if type(request) is Fault:
            return request
        if self._room <= 0 and not request.mutates:
            return _TOO_MUCH
        broker, caller, kind = self._broker, self._caller, type(request)
        broker.tally.requests[kind] += 1
        try:
            if not caller.connection.trusted:
                broker.guard.check(caller.connection, caller.name, request)
            return HANDLERS[kind](broker, caller, request)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
            return _fault_of(request, error)

    async def _planned(self, planning: Planning, request: Asked) -> Plan | Fault:
        """What had to be waited for."""
        assert type(request) is not Fault
        caller = self._caller
        try:
            plan = await planning
            if request.parks and not caller.connection.trusted:  # the policy may have changed since
                self._broker.guard.check(caller.connection, caller.name, request)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
            return _fault_of(request, error)
        else:
            return plan

    async def _plan_part(self, request: Asked) -> Plan | Fault:
        """The plan of a part of an atomic frame."""
        if isinstance(request, Fault):
            return request
        if not request.mutates or request.parks:
            name = str(request.__struct_config__.tag)
            text = f"{name} cannot be atomic: send it in a frame of its own"
            return Fault(Code.INVALID.value, text)
        plan = self._plan(request)
        return plan if isinstance(plan, Struct) else await self._planned(plan, request)

    def _take(self, index: int, request: Asked, plan: Plan | Fault) -> None:
        """Notes what is to be written, or what is answered."""
        if type(plan) is Write:
            self._answers.pending.append((index, plan))
            self._ids.add(getattr(request, "id", None))
            return
        self._answers.say(index, plan)
        if type(plan) is not Fault and len(self._answers.said) > 1:
            self._room -= len(encode(plan))

    def _needs_what_is_pending(self, request: Asked) -> bool:
        """Whether a request may look at what was written before it, or make that wait for long."""
        if type(request) is Fault:
            return False
        if request.parks or not request.mutates:
            return True
        reply_to = getattr(request, "reply_to", None)
        return reply_to is not None and reply_to in self._ids

    async def _settle(self) -> None:
        """Has what is pending committed and answered."""
        answers = self._answers
        answers.settle(await self._broker.store.submit(answers.operations()))
        self._broker.serve_woken()
        self._ids.clear()


def plan_in_bulk(broker: Broker, connection: Connection, data: bytes) -> BulkMail | None:
    """What answers a frame of plain letters; None if its requests have to be planned one by one."""
    if not connection.trusted or broker.charges.asks_always or broker.closing.done():
        return None
    try:
        letters = decode_letters(data, broker.settings.limits)
        session = connection.session_of(letters.bot) if letters else None
        if letters is None or session is None:
            return None
        mail = bulk.plan(broker, session, letters)
    except Exception:
        logger.exception("letters could not be planned together")  # but perhaps alone
        return None
    if mail is not None:
        broker.tally.requests[letters.kind] += len(letters.ids)
    return mail


def _fault_of(request: requests.Request, error: Exception) -> Fault:
    """What is answered when a request could not be planned; a defect is logged."""
    if isinstance(error, Refused):
        return error.fault
    logger.error("%s failed", type(request).__name__, exc_info=error)
    return INTERNAL


_TOO_MUCH = Fault(
    Code.TOO_LARGE.value,
    f"the replies to this frame are beyond {MOST_ANSWER_BYTES} bytes together: ask in several frames",
    {"limit": "answer_bytes", "figure": MOST_ANSWER_BYTES},
)
