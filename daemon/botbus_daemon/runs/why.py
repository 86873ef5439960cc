"""Why a run is where it is: what it waits for, in one sentence.

Pure: a function of the run and of what is around it. The first reason that holds is told, from the one
that nothing can help to the one that the next free worker will end.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from botbus_protocol.records import Run, Wait, WorkflowStatus
from botbus_protocol.states import RUN_ENDS

MOST_SHOWN = 3
"""Names or ids that a sentence lists."""


class Surroundings(Struct, frozen=True, kw_only=True):
    """What is around a run."""

    workflow_status: WorkflowStatus = "active"
    concurrency: int | None = None
    """How many runs of its workflow may be running at a time."""
    running: int = 0
    """How many are."""
    offers: Mapping[str, int] = {}
    """By version of its workflow: connected workers that can run it."""
    slot_holders: Sequence[str] = ()
    """Ids of the runs that have the slots of its concurrency key."""
    current_steps: Sequence[str] = ()
    """Steps that are being run."""
    namesakes: Sequence[str | None] = ()
    """To whom other workflows of its name belong that workers work on; None: to all."""


def explain(run: Run, around: Surroundings) -> str:
    """The sentence."""
    if run.status in RUN_ENDS:
        return _ended(run)
    if run.status == "running":
        return _running(run, around)
    if run.held:
        return f"It was paused: `botbus run resume {run.id}` lets it go on."
    if (waits := [w for w in run.waits if w.kind != "timeout"]) and run.status == "paused":
        return f"It waits for {_all(map(_wait, waits), ', for ')}."
    if waits:
        return _put_off(run, waits[0])
    if run.queued:
        return _queued(run, around)
    return _unclaimed(run, around)


def _ended(run: Run) -> str:
    if run.status == "completed":
        return f"It waits for nothing: it completed at {run.completed_at}."
    if run.status == "cancelled":
        return f"It waits for nothing: it was cancelled at {run.completed_at}."
    return (
        f"It waits for nothing: it failed at {run.completed_at} ({run.error or 'no error was told'}); "
        f"`botbus run retry {run.id}` runs it again."
    )


def _running(run: Run, around: Surroundings) -> str:
    process = "" if run.holder_pid is None else f" (process {run.holder_pid})"
    steps = around.current_steps
    doing = f", at {_steps(steps)}" if steps else ""
    pausing = "; it will pause at its next checkpoint" if run.pausing else ""
    return f"It is being run by {run.holder or 'a worker'}{process}{doing}{pausing}."


def _steps(names: Sequence[str]) -> str:
    return f"step{'s' if len(names) > 1 else ''} {_all(names)}"


def _wait(wait: Wait) -> str:
    until = "" if wait.due_at is None else f", until {wait.due_at}"
    if wait.kind == "sleep":
        return f"the end of the sleep {wait.step_id!r} at {wait.due_at}"
    if wait.kind == "approval":
        return f"the approval of step {wait.step_id!r}{until}"
    if wait.kind == "child":
        return f"its child {wait.child} (step {wait.step_id!r})"
    if wait.kind == "message":
        return f"{_message(wait)} (step {wait.step_id!r}){until}"
    return f"its next try at {wait.due_at}"


def _message(wait: Wait) -> str:
    parts = [
        f"a message of type {wait.type!r}" if wait.type else "a message",
        f"in channel {wait.channel}" if wait.channel else f"to {wait.bot or 'its bot'}",
        f"from {wait.sender}" if wait.sender else "",
        f"in reply to {wait.reply_to}" if wait.reply_to else "",
    ]
    return " ".join(filter(None, parts))


def _put_off(run: Run, wait: Wait) -> str:
    if wait.kind == "delay":
        return f"It starts at {wait.due_at}, as it was asked to."
    if run.status == "crashed":
        return (
            f"Its worker died {run.crashes} times without finishing a step: "
            f"it is offered again at {wait.due_at}."
        )
    return f"It waits for {_wait(wait)}."


def _queued(run: Run, around: Surroundings) -> str:
    holders = around.slot_holders
    before = (
        f"run{'s' if len(holders) > 1 else ''} {_all(holders)}" if holders else "the runs before"
    )
    return f"It waits for {before}, with the same concurrency key {run.concurrency_key!r}, to end."


def _unclaimed(run: Run, around: Surroundings) -> str:
    name = f"workflow {run.workflow!r}"
    if around.workflow_status != "active":
        return f"Its {name} is {around.workflow_status}: it is claimed once that is active again."
    if not around.offers:
        return f"No connected worker works on {_told_apart(name, around.namesakes)}: start one."
    workers = around.offers.get(run.version, 0)
    if not workers:
        return (
            f"It began with version {run.version} of {name}, and the connected workers "
            f"have only {_all(sorted(around.offers))}: start one that has it."
        )
    if around.concurrency is not None and around.running >= around.concurrency:
        return f"{around.running} runs of {name} are running, and it allows {around.concurrency}."
    some = "the worker" if workers == 1 else f"one of {workers} workers"
    return f"It waits for {some} of {name} version {run.version} to have room for it."


def _told_apart(name: str, namesakes: Sequence[str | None]) -> str:
    """A workflow, and those that it could be taken for."""
    if not namesakes:
        return name
    others = _all([f"that of {owner}" if owner else "that of all bots" for owner in namesakes])
    return f"this {name} (only on {others}, which is another one)"


def _all(names: "Sequence[str] | map[str]", between: str = ", ") -> str:
    listed = list(names)
    more = f" and {len(listed) - MOST_SHOWN} more" if len(listed) > MOST_SHOWN else ""
    return between.join(listed[:MOST_SHOWN]) + more
