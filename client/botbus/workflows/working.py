"""`bus.work` and `bus.start`: running workflows, and starting runs of them."""

# ruff: noqa: A002 - id and input are words of the contract

from typing import Any, TypeVar, overload

from botbus import checkpointing
from botbus.background import Background
from botbus.definitions import WorkflowGroup
from botbus.errors import Invalid, NotFound
from botbus.requesting import checked
from botbus.room import Room
from botbus.runs import RunGroup
from botbus.transport import Transport
from botbus.workflows.definition import Workflow, checked_workflows
from botbus.workflows.handle import RunHandle
from botbus.workflows.shape import UNTYPED, Shape
from botbus.workflows.worker import Worker
from botbus_protocol.replies import RunReply
from botbus_protocol.requests import ClaimRuns

T = TypeVar("T")


class Working(Room):
    def __init__(self, transport: Transport, background: Background) -> None:
        super().__init__(transport)
        self._background = background
        self._workers: list[Worker] = []

    async def work(
        self, *workflows: Workflow[Any], concurrency: int = 16, lease: float = 30.0
    ) -> Worker:
        """Runs these workflows, in the background, until the bus is closed; returns the worker.

        It takes runs that are pending or whose worker died, `concurrency` at a time, and goes on after
        the last finished step. A process that hangs or is stopped for `lease` seconds loses its runs
        to others; one that dies, at once.
        """
        found = checked_workflows(workflows)
        if concurrency < 1:
            raise Invalid(f"concurrency must be 1 or more runs at a time, not {concurrency!r}")
        checked(ClaimRuns, workflows=[], max=concurrency, lease=lease)
        worker = Worker(self._transport, found, self._saved, concurrency, lease)
        await worker.prepare()
        await self._background.start(worker.main)
        self._workers.append(worker)
        return worker

    @overload
    async def start(
        self,
        workflow: Workflow[T],
        input: Any = None,
        *,
        key: str | None = None,
        concurrency_key: str | None = None,
        concurrency_limit: int = 1,
        priority: int = 0,
        delay: float | None = None,
        version: str | None = None,
        context: dict[str, Any] | None = None,
        id: str | None = None,
    ) -> RunHandle[T]: ...
    @overload
    async def start(
        self,
        workflow: str,
        input: Any = None,
        *,
        key: str | None = None,
        concurrency_key: str | None = None,
        concurrency_limit: int = 1,
        priority: int = 0,
        delay: float | None = None,
        version: str | None = None,
        context: dict[str, Any] | None = None,
        id: str | None = None,
    ) -> RunHandle[Any]: ...
    async def start(
        self,
        workflow: str | Workflow[Any],
        input: Any = None,
        *,
        key: str | None = None,
        concurrency_key: str | None = None,
        concurrency_limit: int = 1,
        priority: int = 0,
        delay: float | None = None,
        version: str | None = None,
        context: dict[str, Any] | None = None,
        id: str | None = None,
    ) -> RunHandle[Any]:
        """Starts a run of a workflow, by its name or id; whoever works on it runs it.

        The same `key` is the same run: then the handle is that of the run there is. Runs with the
        same `concurrency_key` go in order, `concurrency_limit` at a time; among others those with a
        higher `priority` go first. `delay`: seconds before which it is not begun. Raises NotFound if
        no workflow of that name is saved.
        """
        name = workflow.name if isinstance(workflow, Workflow) else workflow
        worker = self._worker_for(name, version) if not delay else None
        request = checkpointing.create_run(
            name if isinstance(workflow, str) else await self._id_of(workflow),
            input,
            id=id,
            version=version,
            context=context,
            key=key,
            concurrency_key=concurrency_key,
            concurrency_limit=concurrency_limit,
            priority=priority,
            delay=delay,
            lease=worker.lease if worker is not None else None,
        )
        if worker is None:
            reply, here = await self._transport.call(request, RunReply), None
        else:
            reply = await worker.create(lambda: self._transport.call(request, RunReply))
            here = worker.adopt(reply)
        shape = self._shape_of(workflow)
        return RunHandle(RunGroup(self._transport), reply.run, reply.created, shape, here)

    def _worker_for(self, name: str, version: str | None) -> Worker | None:
        return next((one for one in self._workers if one.workflow(name, version)), None)

    def _shape_of(self, workflow: str | Workflow[Any]) -> Shape:
        if isinstance(workflow, Workflow):
            return workflow.shape
        known = (one.known(workflow) for one in self._workers)
        return next((found.shape for found in known if found is not None), UNTYPED)

    async def _id_of(self, workflow: Workflow[Any]) -> str:
        """For a bot may have saved one of the same name, which is another one. Raises NotFound."""
        for worker in self._workers:
            if (here := worker.id_of(workflow)) is not None:
                return here
        group = WorkflowGroup(self._transport)
        return (await group.by_name(workflow.name, owner_type=workflow.owner)).id

    async def _saved(self, workflow: Workflow[Any]) -> str:
        """The id of a workflow, which is saved now if it was not, or was otherwise."""
        group = WorkflowGroup(self._transport)
        try:
            there = await group.by_name(workflow.name, owner_type=workflow.owner)
        except NotFound:
            there = None
        saved = there.definition if there is not None else None
        definition = workflow.saved_over(saved)
        if there is None or definition != saved:
            there = await group.save(definition, workflow.owner)
        return there.id
