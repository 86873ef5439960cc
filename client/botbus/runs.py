"""`bus.runs`: the runs of workflows, seen and moved from outside."""

# ruff: noqa: A002 - id and input are words of the contract

from datetime import datetime
from typing import Any

from botbus import checkpointing
from botbus.errors import NotFound, Timeout
from botbus.polling import polls
from botbus.requesting import checked, time_text
from botbus.room import EVERYTHING, Room
from botbus.transport import Transport, narrowed
from botbus_protocol import requests
from botbus_protocol.records import Run, Step
from botbus_protocol.replies import Explanation, RunReply, Runs, StepIds, StepReply, Steps
from botbus_protocol.states import RUN_ENDS, RunStatus

FOREVER = 10 * 365 * 86400.0
STEPS_AT_ONCE = 1000


class RunGroup(Room):
    async def create(
        self,
        workflow: str,
        input: Any = None,
        *,
        id: str | None = None,
        version: str | None = None,
        context: dict[str, Any] | None = None,
        key: str | None = None,
        concurrency_key: str | None = None,
        concurrency_limit: int = 1,
        priority: int = 0,
        delay: float | None = None,
        trigger_type: str = "manual",
        parent: str | None = None,
        parent_step: str | None = None,
    ) -> Run:
        """Makes a run of a workflow; the same `key` (or `id`) is the same run.

        `bus.start` does the same and returns a handle.
        """
        request = checkpointing.create_run(
            workflow,
            input,
            id=id,
            version=version,
            context=context,
            key=key,
            concurrency_key=concurrency_key,
            concurrency_limit=concurrency_limit,
            priority=priority,
            delay=delay,
            trigger_type=trigger_type,
            parent=parent,
            parent_step=parent_step,
        )
        return (await self._transport.call(request, RunReply)).run

    async def claim(self, id: str) -> RunReply:
        """Takes a run into the hands of this connection: the reply has the `.run` and its `.lease`.

        For workers that keep their own order of steps (`bus.steps`). Raises IllegalState if it
        may not be claimed now.
        """
        request = checkpointing.update_run_status(id, "running")
        return await self._transport.call(request, RunReply)

    async def get(self, id: str) -> Run:
        """Raises NotFound."""
        return (await self._transport.call(checked(requests.GetRun, id=id), RunReply)).run

    async def crashed(self, limit: int = EVERYTHING) -> list[Run]:
        """Runs whose worker died and that nobody has claimed since, oldest first."""

        async def page(after: int, want: int) -> list[Run]:
            request = checked(requests.ListCrashedRuns, after=after, limit=want)
            return (await self._transport.call(request, Runs)).runs

        return await self._paged(limit, 0, page, lambda run: run.seq)

    async def steps(self, run: str, superseded: bool = True, limit: int = EVERYTHING) -> list[Step]:
        """The attempts of a run's steps, in order, by default with those that count no more."""
        return await steps_of(self._transport, run, superseded, limit)

    async def completed_step_ids(self, run: str) -> list[str]:
        """Which steps of a run are done."""
        request = checked(requests.GetCompletedStepIds, run=run)
        return (await self._transport.call(request, StepIds)).step_ids

    async def update_status(
        self,
        id: str,
        status: RunStatus,
        *,
        error: str | None = None,
        context: dict[str, Any] | None = None,
        result: Any = None,
        lease: str | None = None,
    ) -> Run:
        """Moves a run along its states; raises IllegalState if it may not go there.

        "completed" and "failed" are for its holder, who names the `lease`; `context` takes the place
        of the whole context. To make it "running" see `claim`.
        """
        request = checkpointing.update_run_status(
            id, status, error=error, context=context, result=result, lease=lease
        )
        return (await self._transport.call(request, RunReply)).run

    async def cancel(self, id: str) -> Run:
        """Ends an unfinished run; whoever works on it stops."""
        return await self.update_status(id, "cancelled")

    async def pause(self, id: str) -> Run:
        """Holds a run, at once or at the next checkpoint of its worker, until it is resumed."""
        return await self.update_status(id, "paused")

    async def resume(self, id: str) -> Run:
        """Lets a paused run go on."""
        return await self.update_status(id, "pending")

    async def retry(self, id: str, from_step: str | None = None) -> Run:
        """Runs an ended run again: from what failed, or from a step on; the old rows are kept.

        Raises NotFound, and IllegalState if it has not ended.
        """
        run = await self.get(id)
        # What makes a repeat harmless would make a retry of a run that goes on look done.
        attempt = run.attempt if run.status in RUN_ENDS else None
        request = checked(requests.RetryRun, id=id, from_step=from_step, attempt=attempt)
        return (await self._transport.call(request, RunReply)).run

    async def approve(
        self,
        run: str,
        step: str,
        *,
        by: str = "",
        comment: str = "",
        input_hash: str | None = None,
    ) -> Step:
        """Says yes to a step that waits for approval; `by` is by default this bot.

        `input_hash` is that of the step as it was looked at; by default as it is now. Raises
        IllegalState if the step waits for no approval, Conflict if it was decided otherwise.
        """
        return await self._decide(run, step, True, by, comment, input_hash)

    async def reject(
        self,
        run: str,
        step: str,
        *,
        by: str = "",
        comment: str = "",
        input_hash: str | None = None,
    ) -> Step:
        """Says no to a step that waits for approval; see `approve`."""
        return await self._decide(run, step, False, by, comment, input_hash)

    async def why(self, id: str) -> str:
        """What a run is waiting for, in one sentence."""
        return (
            await self._transport.call(checked(requests.ExplainRun, id=id), Explanation)
        ).sentence

    async def wait(self, id: str, timeout: float | None = None) -> Run:
        """The run, once it has ended. Raises Timeout if it has not within `timeout` seconds."""
        for part in polls(FOREVER if timeout is None else timeout, self._longest_wait):
            request = checked(requests.WaitRun, id=id, wait=part)
            run = narrowed(await self._transport.alone(request, wait="wait"), RunReply).run
            if run.status in RUN_ENDS:
                return run
        raise Timeout(f"run {id} has not ended within {timeout:g} s: it goes on")

    async def list(
        self,
        workflow: str | None = None,
        *,
        status: RunStatus | None = None,
        key: str | None = None,
        text: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        limit: int = 50,
    ) -> "RunList":
        """Runs, newest first: of a workflow (name or id), in a state, with a key or concurrency
        key, with a text in input, result or error, made after or before a time.
        """

        async def page(before: int | None, want: int) -> RunList:
            request = checked(
                requests.ListRuns,
                workflow=workflow,
                status=status,
                key=key,
                text=text,
                created_after=time_text(created_after),
                created_before=time_text(created_before),
                before=before,
                limit=want,
            )
            return (await self._transport.call(request, Runs)).runs

        return await self._paged(limit, None, page, lambda run: run.seq)

    @property
    def _longest_wait(self) -> float:
        return self._transport.limits.wait_seconds

    async def _decide(
        self,
        run: str,
        step: str,
        approved: bool,
        by: str,
        comment: str,
        input_hash: str | None,
    ) -> Step:
        if input_hash is None:
            input_hash = await self._hash_of(run, step)
        request = checkpointing.decide(run, step, approved, input_hash, by=by, comment=comment)
        return (await self._transport.call(request, StepReply)).step

    async def _hash_of(self, run: str, step: str) -> str:
        """The hash of the input of a step as it is now. Raises NotFound if it was never begun."""
        found = [row for row in await self.steps(run, superseded=False) if row.step_id == step]
        if not found:
            raise NotFound(
                f"run {run} has not come to a step {step!r}: see `botbus run show {run}`"
            )
        return found[-1].input_hash or ""


RunList = list[Run]


async def steps_of(
    transport: Transport, run: str, superseded: bool = True, limit: int = EVERYTHING, after: int = 0
) -> list[Step]:
    """The attempts of a run's steps after a seq, page by page."""
    found: list[Step] = []
    more = True
    while more and (want := min(STEPS_AT_ONCE, limit - len(found))) > 0:
        request = checked(requests.ListStepLogs, run=run, after=after, limit=want, all=superseded)
        reply = await transport.call(request, Steps)
        found += reply.steps
        more = reply.more and bool(reply.steps)
        after = found[-1].seq if found else after
    return found
