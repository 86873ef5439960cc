"""What a workflow function is given: its input, and everything that it may do.

Each thing that it does has a name, by which its stored result is found again. Names are unique in a
run; where a method takes none, one is made of what it is about (`publish:builds`), and `name=` gives
another.
"""

# ruff: noqa: A002 - type, id and input are words of the contract

from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, overload

from botbus import checkpointing
from botbus.requesting import checked
from botbus.workflows.conversing import Conversing
from botbus.workflows.definition import Workflow
from botbus.workflows.derived import derived_id, derived_number
from botbus.workflows.memo import Past
from botbus.workflows.retrying import checked_rules
from botbus.workflows.shape import UNTYPED, Shape, shape_of
from botbus.workflows.stepping import Stepping, call_of, result_of
from botbus.workflows.telling import checkpointed, told
from botbus.workflows.waiting import waited
from botbus_protocol.replies import DefinitionReply, RunReply
from botbus_protocol.requests import MAX_KEY, GetDefinitionByName, WaitFor
from botbus_protocol.timestamps import format_time

T = TypeVar("T")

_TIME = Shape(False, datetime)


class Run(Conversing):
    """One execution of a workflow. Made by a worker; `input` is what the run was started with."""

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
        call = call_of(name, function, args, kwargs)
        stepping = Stepping(self._execution, name, call, shape, rules, past)
        return await stepping.run(past.failed_at if past is not None else 0.0)

    async def sleep(self, name: str, seconds: float | timedelta) -> None:
        """Waits, without a worker for the most of it; a restart of anything does not prolong it."""
        length = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        wait = checked(WaitFor, kind="sleep", seconds=max(0.0, length))
        await waited(self._execution, name, self._take(name), wait)

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

        A workflow that is given itself is that of its owner, whoever else has one of the same name.
        Raises StepFailed if it fails, is cancelled, or does not end within `timeout` seconds.
        """
        past = self._take(name)
        shape = workflow.shape if isinstance(workflow, Workflow) else UNTYPED
        if past is not None and (end := past.end) is not None:
            return result_of(end, shape)
        request = checkpointing.create_run(
            await self._child_of(name, past, workflow),
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
        made = await checkpointed(self._execution, name, "child", past, request, RunReply)
        wait = checked(WaitFor, kind="child", seconds=timeout, child=made.run.id)
        output = await waited(self._execution, name, past, wait)
        return shape.restored(output, f"the result of step {name!r}")

    async def _child_of(self, name: str, past: Past | None, workflow: str | Workflow[Any]) -> str:
        """The name or id that a child is made by. Raises StepFailed if the workflow is not saved."""
        if isinstance(workflow, str):
            return workflow
        if (here := self._execution.surroundings.id_of(workflow)) is not None:
            return here
        look = checked(GetDefinitionByName, name=workflow.name, owner_type=workflow.owner)
        found = await checkpointed(self._execution, name, "child", past, look, DefinitionReply)
        return found.definition.id

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


def child_key(run: str, step: str) -> str:
    """The key by which a child of a run is the same child on every replay."""
    key = f"{run}/{step}"
    return key if len(key) <= MAX_KEY else derived_id(run, f"child/{step}")
