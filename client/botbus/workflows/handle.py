"""A run, seen by who started it."""

from typing import Any, Generic, TypeVar

import anyio

from botbus.errors import Timeout
from botbus.runs import RunGroup
from botbus.workflows.errors import RunCancelled, RunFailed
from botbus.workflows.execution import Execution
from botbus.workflows.shape import Shape
from botbus_protocol.records import Run
from botbus_protocol.states import RunStatus

T = TypeVar("T")


class RunHandle(Generic[T]):
    """Made by `bus.start`."""

    def __init__(
        self, runs: RunGroup, run: Run, created: bool, shape: Shape, here: Execution | None
    ) -> None:
        self._runs = runs
        self._shape = shape
        self._here = here
        self.id: str = run.id
        self.key: str | None = run.key
        self.workflow: str = run.workflow
        self.created: bool = created
        """False if there was a run with this key already: then it is that one."""

    def __repr__(self) -> str:
        return f"<run {self.id} of {self.workflow!r}>"

    async def get(self) -> Run:
        """The run as it is now."""
        return await self._runs.get(self.id)

    async def status(self) -> RunStatus:
        return (await self.get()).status

    async def result(self, timeout: float | None = None) -> T:
        """What the workflow function returned, once it has.

        Raises RunFailed, RunCancelled, and Timeout if the run has not ended within `timeout` seconds;
        it goes on then.
        """
        if timeout is None:
            return await self._result(None)
        with anyio.move_on_after(timeout):
            return await self._result(None)
        raise Timeout(f"run {self.id} has not ended within {timeout:g} s: it goes on")

    async def _result(self, timeout: float | None) -> T:
        if self._here is not None:
            await self._here.ended.wait()
            if (outcome := self._here.outcome) is not None:
                return self._told(outcome.value, outcome.error)
        run = await self._runs.wait(self.id, timeout)
        if run.status == "cancelled":
            raise RunCancelled(self.id, run.error or "")
        error = (run.error or "it gave no reason") if run.status == "failed" else None
        return self._told(run.result, error)

    def _told(self, value: Any, error: str | None) -> T:
        if error is not None:
            raise RunFailed(self.id, error)
        result: T = self._shape.restored(value, f"the result of run {self.id}")
        return result

    async def cancel(self) -> None:
        """Ends the run; whoever works on it stops."""
        await self._runs.cancel(self.id)

    async def pause(self) -> None:
        """Holds the run, at once or at the next checkpoint, until it is resumed."""
        await self._runs.pause(self.id)

    async def resume(self) -> None:
        """Lets a paused run go on."""
        await self._runs.resume(self.id)

    async def retry(self, from_step: str | None = None) -> None:
        """Runs it again after it has ended: from what failed, or from a step on."""
        await self._runs.retry(self.id, from_step)
        self._here = None
