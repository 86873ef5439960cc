"""Makes the requests about runs and steps out of what a worker says, as `requesting` does for messages.

The same functions serve `bus.runs`, `bus.steps`, an atomic frame, and the workflow SDK.
"""

# ruff: noqa: A002 - id and input are words of the contract

from typing import Any

from botbus.requesting import checked
from botbus.values import packed, packed_changes
from botbus_protocol import requests
from botbus_protocol.grammar import new_id
from botbus_protocol.requests import WaitFor
from botbus_protocol.states import RunStatus


def create_run(
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
    lease: float | None = None,
) -> requests.CreateRun:
    """A run of a workflow, by its name or id; with `lease` (seconds) in one's own hands at once."""
    return checked(
        requests.CreateRun,
        id=id or new_id(),
        workflow=workflow,
        version=version,
        input=packed(input, "input"),
        context=packed(context, "context"),
        key=key,
        concurrency_key=concurrency_key,
        concurrency_limit=concurrency_limit,
        priority=priority,
        delay=delay,
        trigger_type=trigger_type,
        parent=parent,
        parent_step=parent_step,
        lease=lease,
    )


def update_run_status(
    id: str,
    status: RunStatus,
    *,
    error: str | None = None,
    context: dict[str, Any] | None = None,
    result: Any = None,
    lease: str | None = None,
) -> requests.UpdateRunStatus:
    """Moves a run along its states; `context` takes the place of the whole context."""
    return checked(
        requests.UpdateRunStatus,
        id=id,
        status=status,
        error=error,
        context=packed(context, "context"),
        result=packed(result, "result"),
        lease=lease,
    )


def begin_step(
    run: str,
    step: str,
    lease: str,
    *,
    name: str = "",
    kind: str = "step",
    input: Any = None,
    wait: WaitFor | None = None,
) -> requests.BeginStep:
    """Asks to run a step; with `wait` it is finished by what it waits for."""
    return checked(
        requests.BeginStep,
        run=run,
        step=step,
        lease=lease,
        name=name,
        kind=kind,
        input=packed(input, "input"),
        wait=wait,
    )


def complete_step(
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
) -> requests.CompleteStep:
    """A step is done; `context` holds what changes in the run's context (None takes a key away)."""
    return checked(
        requests.CompleteStep,
        run=run,
        step=step,
        lease=lease,
        output=packed(output, "output"),
        context=packed_changes(context),
        attempt=attempt,
        name=name,
        kind=kind,
        input=packed(input, "input"),
        elapsed=elapsed,
    )


def fail_step(
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
) -> requests.FailStep:
    """An attempt of a step has failed; with `final` there will be no other."""
    return checked(
        requests.FailStep,
        run=run,
        step=step,
        lease=lease,
        error=error,
        final=final,
        attempt=attempt,
        name=name,
        kind=kind,
        input=packed(input, "input"),
        elapsed=elapsed,
    )


def decide(
    run: str, step: str, approved: bool, input_hash: str, *, by: str = "", comment: str = ""
) -> requests.DecideStep:
    """A verdict on a step that waits for approval, bound to the input that was looked at."""
    return checked(
        requests.DecideStep,
        run=run,
        step=step,
        approved=approved,
        input_hash=input_hash,
        by=by,
        comment=comment,
    )
