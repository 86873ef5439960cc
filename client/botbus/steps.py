"""`bus.steps`: the checkpoints of a run, for workers that keep their own order of steps.

Whoever has a run in hands (its lease, from `bus.runs.claim`) asks to begin a step and tells its end.
Workflows written as functions (`botbus.workflow`) need none of this.
"""

# ruff: noqa: A002 - id and input are words of the contract

from typing import Any

from botbus import checkpointing
from botbus.requesting import checked
from botbus.room import EVERYTHING, Room
from botbus.runs import steps_of
from botbus.values import packed
from botbus_protocol import requests
from botbus_protocol.grammar import new_id
from botbus_protocol.records import Step
from botbus_protocol.replies import Checkpoint, StepReply
from botbus_protocol.requests import WaitFor
from botbus_protocol.states import StepStatus


class StepGroup(Room):
    async def begin(
        self,
        run: str,
        step: str,
        lease: str,
        *,
        name: str = "",
        kind: str = "step",
        input: Any = None,
        wait: WaitFor | None = None,
    ) -> StepReply:
        """Asks to run a step: the reply tells whether it is `.permitted`, else `.step` has the result.

        Raises LeaseLost if the run is not in these hands any more.
        """
        request = checkpointing.begin_step(
            run, step, lease, name=name, kind=kind, input=input, wait=wait
        )
        return await self._transport.call(request, StepReply)

    async def complete(
        self,
        run: str,
        step: str,
        lease: str,
        output: Any = None,
        *,
        context: dict[str, Any] | None = None,
        attempt: int = 1,
        name: str = "",
        kind: str = "step",
        input: Any = None,
        elapsed: float = 0.0,
    ) -> Checkpoint:
        """A step is done: its output and the changes of the run's context are on disk, or neither.

        `attempt` is that of the step which `begin` returned. Raises LeaseLost.
        """
        request = checkpointing.complete_step(
            run,
            step,
            lease,
            output,
            context=context,
            attempt=attempt,
            name=name,
            kind=kind,
            input=input,
            elapsed=elapsed,
        )
        return await self._transport.call(request, Checkpoint)

    async def fail(
        self,
        run: str,
        step: str,
        lease: str,
        error: str,
        *,
        final: bool = False,
        attempt: int = 1,
        name: str = "",
        kind: str = "step",
        input: Any = None,
        elapsed: float = 0.0,
    ) -> Checkpoint:
        """An attempt of a step has failed; with `final` there will be no other. Raises LeaseLost."""
        request = checkpointing.fail_step(
            run,
            step,
            lease,
            error,
            final=final,
            attempt=attempt,
            name=name,
            kind=kind,
            input=input,
            elapsed=elapsed,
        )
        return await self._transport.call(request, Checkpoint)

    async def create_log(
        self,
        run: str,
        step: str,
        status: StepStatus = "pending",
        *,
        id: str | None = None,
        name: str = "",
        attempt: int = 1,
        input: Any = None,
        output: Any = None,
        error: str | None = None,
        lease: str | None = None,
    ) -> Step:
        """Writes an attempt of a step as it is told, for workers that keep their own books."""
        request = checked(
            requests.CreateStepLog,
            id=id or new_id(),
            run=run,
            step=step,
            status=status,
            name=name,
            attempt=attempt,
            input=packed(input, "input"),
            output=packed(output, "output"),
            error=error,
            lease=lease,
        )
        return (await self._transport.call(request, StepReply)).step

    async def update_status(
        self,
        id: str,
        status: StepStatus,
        *,
        output: Any = None,
        error: str | None = None,
        lease: str | None = None,
    ) -> Step:
        """Moves an attempt of a step, by its id, along its states. Raises IllegalState."""
        request = checked(
            requests.UpdateStepStatus,
            id=id,
            status=status,
            output=packed(output, "output"),
            error=error,
            lease=lease,
        )
        return (await self._transport.call(request, StepReply)).step

    async def list(self, run: str, superseded: bool = True, limit: int = EVERYTHING) -> "StepList":
        """The attempts of a run's steps, in order, by default with those that count no more."""
        return await steps_of(self._transport, run, superseded, limit)


StepList = list[Step]
