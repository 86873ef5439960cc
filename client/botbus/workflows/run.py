"""What a workflow function is given: its input, and everything that it may do.

Each thing that it does has a name, by which its stored result is found again. Names are unique in a
run; where a method takes none, one is made of what it is about (`publish:builds`), and `name=` gives
another.
"""

# ruff: noqa: A002 - type, id and input are words of the contract

from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, overload

import msgspec

from botbus import checkpointing, requesting
from botbus.errors import Invalid
from botbus.requesting import checked
from botbus.workflows.approvals import Approval
from botbus.workflows.context import Context
from botbus.workflows.definition import Workflow
from botbus.workflows.derived import derived_id, derived_number
from botbus.workflows.execution import Execution
from botbus.workflows.memo import Past
from botbus.workflows.replay_log import RunLogger
from botbus.workflows.retrying import checked_rules
from botbus.workflows.shape import Shape, shape_of
from botbus.workflows.stepping import Stepping, call_of, result_of
from botbus.workflows.telling import told
from botbus.workflows.waiting import waited
from botbus_protocol.records import Message
from botbus_protocol.replies import RunReply
from botbus_protocol.requests import MAX_KEY, Publish, Send, WaitFor
from botbus_protocol.timestamps import format_time

T = TypeVar("T")

_TIME = Shape(False, datetime)
_ANY = Shape(False, Any)


class Run:
    """One execution of a workflow. Made by a worker; `input` is what the run was started with."""

    def __init__(self, execution: Execution) -> None:
        record = execution.record
        self._execution = execution
        self._derived: set[str] = set()
        self.id: str = record.id
        self.workflow: str = record.workflow
        self.version: str = record.version
        self.input: Any = record.input
        self.attempt: int = record.attempt
        """How often the run has been claimed, this time included."""
        self.key: str | None = record.key
        self.context: Context = execution.context
        """A map for whoever looks at the run; changes travel with the next checkpoint."""
        self.logger = RunLogger(record.workflow, record.id, execution.memo)
        """Silent while the function only repeats what it did before."""

    @property
    def cancelled(self) -> bool:
        """Whether the run was taken from this worker; for plain functions that take long."""
        return self._execution.grip.over

    @property
    def replaying(self) -> bool:
        """Whether the function only repeats what it did before."""
        return self._execution.memo.replaying

    @overload
    async def step(
        self,
        name: str,
        function: Callable[..., Coroutine[Any, Any, T]],
        *args: Any,
        retries: int = 0,
        backoff: float = 1.0,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> T: ...
    @overload
    async def step(
        self,
        name: str,
        function: Callable[..., Awaitable[T]],
        *args: Any,
        retries: int = 0,
        backoff: float = 1.0,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> T: ...
    @overload
    async def step(
        self,
        name: str,
        function: Callable[..., T],
        *args: Any,
        retries: int = 0,
        backoff: float = 1.0,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> T: ...
    async def step(
        self,
        name: str,
        function: Callable[..., Any],
        *args: Any,
        retries: int = 0,
        backoff: float = 1.0,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Calls a function, once: its result is on disk before this returns, and stays.

        An async function is awaited, a plain one runs in a thread. If it raises, it is called again up
        to `retries` times, after `backoff` seconds and then twice as long each time, with jitter;
        each call has `timeout` seconds. Raises StepFailed when the last one has failed. What it
        returns must be what JSON can hold, dataclasses, structs and datetimes included, and comes as
        the type of its return annotation.
        """
        rules = checked_rules(name, retries, backoff, timeout)
        past = self._take(name)
        shape = shape_of(function)
        if past is not None and (end := past.end) is not None:
            return result_of(end, shape)
        call = call_of(function, args, kwargs)
        stepping = Stepping(self._execution, name, call, shape, rules, past)
        return await stepping.run(past.failed_at if past is not None else 0.0)

    async def approval(
        self,
        name: str,
        *,
        prompt: str = "",
        timeout: float | None = None,
        ask: str | None = None,
        data: Any = None,
    ) -> Approval:
        """Waits until somebody approves or rejects; expired after `timeout` seconds.

        `botbus run approve|reject RUN NAME` decides, `bus.runs.approve`, or a reply of the bot `ask`
        to the message of type `approval.request` that it gets. A verdict is bound to what was
        shown: `prompt` and `data`.
        """
        past = self._take(name)
        shown = {"prompt": prompt} if data is None else {"prompt": prompt, "data": data}
        message = None if ask is None else self._question(name, ask, shown)
        wait = checked(
            WaitFor,
            kind="approval",
            seconds=timeout,
            reply_to=None if message is None else message.id,
        )
        first = () if message is None else (message,)
        output = await waited(self._execution, name, past, wait, input=shown, first=first)
        return msgspec.convert(output, Approval)

    async def wait_message(
        self,
        name: str,
        *,
        type: str | None = None,
        channel: str | None = None,
        sender: str | None = None,
        reply_to: str | None = None,
        where: dict[str, str | int | float | bool | None] | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Waits for a message in the mailbox of this bot, or in a channel, and takes it.

        `where` gives fields of its body and their values. What came before the run began does not
        count in a channel; in the mailbox it counts if nobody has taken it. Raises StepTimeout if
        none comes within `timeout` seconds.
        """
        wait = checked(
            WaitFor,
            kind="message",
            seconds=timeout,
            channel=channel,
            type=type,
            sender=sender,
            reply_to=reply_to,
            where=where,
        )
        output = await waited(self._execution, name, self._take(name), wait)
        return msgspec.convert(output, Message)

    async def sleep(self, name: str, seconds: float | timedelta) -> None:
        """Waits, without a worker for the most of it; a restart of anything does not prolong it."""
        length = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        wait = checked(WaitFor, kind="sleep", seconds=max(0.0, length))
        await waited(self._execution, name, self._take(name), wait)

    async def send(
        self,
        to: str,
        body: Any,
        *,
        name: str | None = None,
        type: str = "message",
        reply_to: str | None = None,
        headers: dict[str, str] | None = None,
        ttl: float | None = None,
        delay: float | None = None,
    ) -> str:
        """Sends a message to a bot, once in this run whatever is repeated; returns its id."""
        step = name or named("send", to, type)
        message = requesting.send(
            to,
            body,
            type=type,
            id=derived_id(self.id, step),
            reply_to=reply_to,
            headers=headers,
            ttl=ttl,
            delay=delay,
        )
        return await self._tell(step, "send", message)

    async def publish(
        self,
        channel: str,
        body: Any,
        *,
        name: str | None = None,
        type: str = "message",
        reply_to: str | None = None,
        headers: dict[str, str] | None = None,
        ttl: float | None = None,
        delay: float | None = None,
    ) -> str:
        """Publishes a message, once in this run whatever is repeated; returns its id."""
        step = name or named("publish", channel, type)
        message = requesting.publish(
            channel,
            body,
            type=type,
            id=derived_id(self.id, step),
            reply_to=reply_to,
            headers=headers,
            ttl=ttl,
            delay=delay,
        )
        return await self._tell(step, "publish", message)

    async def ask(
        self,
        to: str,
        body: Any,
        *,
        name: str | None = None,
        timeout: float | None = None,
        type: str = "message",
        headers: dict[str, str] | None = None,
    ) -> Message:
        """Asks a bot, once, and waits for its answer, without a worker if that takes long.

        Raises StepTimeout if none comes within `timeout` seconds.
        """
        step = name or named("ask", to, type)
        past = self._take(step)
        question = requesting.send(
            to, body, type=type, id=derived_id(self.id, step), headers=headers
        )
        wait = checked(WaitFor, kind="message", seconds=timeout, reply_to=question.id)
        output = await waited(self._execution, step, past, wait, first=(question,))
        return msgspec.convert(output, Message)

    async def child(
        self,
        name: str,
        workflow: str | Workflow[Any],
        input: Any = None,
        *,
        version: str | None = None,
        concurrency_key: str | None = None,
        concurrency_limit: int = 1,
        priority: int = 0,
        timeout: float | None = None,
    ) -> Any:
        """Runs another workflow and waits for its result; it is cancelled with this run.

        Raises StepFailed if it fails, is cancelled, or does not end within `timeout` seconds.
        """
        past = self._take(name)
        shape = workflow.shape if isinstance(workflow, Workflow) else _ANY
        if past is not None and (end := past.end) is not None:
            return result_of(end, shape)
        request = checkpointing.create_run(
            workflow.name if isinstance(workflow, Workflow) else workflow,
            input,
            version=version,
            key=child_key(self.id, name),
            concurrency_key=concurrency_key,
            concurrency_limit=concurrency_limit,
            priority=priority,
            trigger_type="workflow",
            parent=self.id,
            parent_step=name,
        )
        self._execution.busy()
        try:
            made = await self._execution.grip.call(request, RunReply)
        finally:
            self._execution.rests()
        wait = checked(WaitFor, kind="child", seconds=timeout, child=made.run.id)
        output = await waited(self._execution, name, past, wait)
        return shape.restored(output, f"the result of step {name!r}")

    async def now(self, name: str = "now") -> datetime:
        """The time, in UTC: the first time that was asked for under this name."""
        past = self._take(name)
        if past is not None and (end := past.end) is not None:
            moment: datetime = result_of(end, _TIME)
            return moment
        moment = datetime.now(UTC)
        await told(self._execution, name, "now", past, format_time(moment))
        return moment

    def uuid(self, name: str = "uuid") -> str:
        """A UUIDv7 that is the same on every replay; another one for each name."""
        return derived_id(self.id, self._once("uuid", name))

    def random(self, name: str = "random") -> float:
        """A number from 0 to below 1 that is the same on every replay; another one for each name."""
        return derived_number(self.id, self._once("random", name))

    def _take(self, name: Any) -> Past | None:
        if not isinstance(name, str) or not 0 < len(name) <= MAX_KEY:
            raise Invalid(f"a step is named by a text of 1 to {MAX_KEY} characters, not {name!r}")
        return self._execution.memo.take(name)

    def _once(self, kind: str, name: str) -> str:
        what = f"{kind}:{name}"
        if what in self._derived:
            raise Invalid(
                f"run.{kind}({name!r}) is used twice in this run and would be the same again: give "
                f"each a name of its own, run.{kind}('ticket') for example"
            )
        self._derived.add(what)
        return what

    async def _tell(self, step: str, kind: str, message: Send | Publish) -> str:
        past = self._take(step)
        if past is not None and (end := past.end) is not None:
            return str(result_of(end, _ANY))
        await told(self._execution, step, kind, past, message.id, first=(message,))
        return message.id

    def _question(self, name: str, to: str, shown: dict[str, Any]) -> Send:
        return requesting.send(
            to,
            {"run": self.id, "workflow": self.workflow, "step": name, **shown},
            type="approval.request",
            id=derived_id(self.id, f"{name}/ask"),
        )


def named(kind: str, to: str, type: str) -> str:
    """The name of a step that was given none."""
    return f"{kind}:{to}" if type == "message" else f"{kind}:{to}:{type}"


def child_key(run: str, step: str) -> str:
    """The key by which a child of a run is the same child on every replay."""
    key = f"{run}/{step}"
    return key if len(key) <= MAX_KEY else derived_id(run, f"child/{step}")
