"""A run as lines to read: what it is, and its steps along the time that it took.

Each attempt of a step is a line: how it ended, its name, how long it took, a bar that shows when, and
what came of it. On a narrow terminal the bars are left out; what is long is cut, unless all of it is
asked for. Colours are for terminals alone, and whoever prints takes them out of what goes elsewhere.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from botbus_cli.spans import seconds_between, span_text
from botbus_cli.visible import body_line, body_text, time_text, visible
from botbus_protocol.timestamps import parse_time

if TYPE_CHECKING:
    from botbus_protocol.records import Run, Step, Wait

LABEL = 10
LONGEST_NAME = 24
TOOK = 7
BARS = 24
ROOM_FOR_BARS = 80
"""Columns from which on there is room for bars."""
LEAST_TEXT = 24
"""Columns that what came of a step has at least; if there are fewer, it gets a line of its own."""
STATUS_COLOURS = {
    "pending": None,
    "running": "cyan",
    "paused": "yellow",
    "waiting_approval": "yellow",
    "completed": "green",
    "skipped": "green",
    "failed": "red",
    "crashed": "red",
    "cancelled": "magenta",
}
MARKS = {
    "pending": "·",
    "running": "▶",
    "waiting_approval": "?",
    "completed": "✓",
    "skipped": "–",
    "failed": "✗",
}


class Frame(NamedTuple):
    """How there is to be drawn."""

    width: int
    full: bool = False
    """Whether nothing is cut."""


def run_lines(run: "Run", steps: Sequence["Step"], why: str | None, frame: Frame) -> Iterator[str]:
    yield f"run {run.id}"
    for label, text in _facts(run, why):
        yield from _fact(label, text, frame)
    if steps:
        yield ""
        yield from _step_lines(run, steps, frame)


# What it is


def _facts(run: "Run", why: str | None) -> Iterator[tuple[str, str]]:
    yield "workflow", f"{run.workflow} {run.version}"
    yield "status", _status(run)
    if why is not None:
        yield "", why
    yield from (("key", run.key),) if run.key else ()
    if run.concurrency_key:
        yield "queue", run.concurrency_key + (" (waiting for its turn)" if run.queued else "")
    if run.priority:
        yield "priority", str(run.priority)
    if run.parent:
        yield "parent", f"{run.parent} (step {run.parent_step})" if run.parent_step else run.parent
    by = f" by {run.started_by}" if run.started_by else ""
    trigger = "" if run.trigger_type == "manual" else f" ({run.trigger_type})"
    yield "made", f"{time_text(run.created_at)} UTC{by}{trigger}"
    if run.started_at:
        yield "took", _took(run)
    if run.timeout_at and not run.completed_at:
        yield "ends by", f"{time_text(run.timeout_at)} UTC, or has failed then"
    for label, value in (("input", run.input), ("context", run.context), ("result", run.result)):
        if value not in (None, {}):
            yield label, body_text(value)
    if run.error:
        yield "error", body_text(run.error)


def _status(run: "Run") -> str:
    text = click.style(run.status, fg=STATUS_COLOURS[run.status])
    if run.holder and run.status == "running":
        text += f" at {run.holder}" + (f" (pid {run.holder_pid})" if run.holder_pid else "")
    if run.pausing:
        text += ", will pause at its next checkpoint"
    return text


def _took(run: "Run") -> str:
    took = span_text(seconds_between(run.started_at, run.completed_at))
    still = "" if run.completed_at else " so far"
    claims = f", claimed {run.attempt} times" if run.attempt > 1 else ""
    crashes = f", {run.crashes} crashes in a row" if run.crashes > 1 else ""
    return f"{took}{still}{claims}{crashes}"


def _fact(label: str, text: str, frame: Frame) -> Iterator[str]:
    lines = text.split("\n")
    if not frame.full:
        room = max(LEAST_TEXT, frame.width - LABEL - 4)
        lines = [_cut(lines[0] if len(lines) == 1 else f"{lines[0]} …", room)] if label else lines
    for line in lines:
        yield f"  {label:<{LABEL}}  {line}"
        label = ""


# Its steps


class Scale(NamedTuple):
    """The time that the bars lie in."""

    start: datetime
    seconds: float

    def bar(self, step: "Step") -> str:
        if step.started_at is None or self.seconds <= 0:
            return " " * BARS
        begun = (parse_time(step.started_at, "time") - self.start).total_seconds()
        took = seconds_between(step.started_at, step.completed_at) or 0.0
        first = min(BARS - 1, max(0, int(begun / self.seconds * BARS)))
        length = max(1, min(BARS - first, round(took / self.seconds * BARS)))
        block = "█" if step.completed_at else "░"
        return (" " * first + block * length).ljust(BARS)


def _step_lines(run: "Run", steps: Sequence["Step"], frame: Frame) -> Iterator[str]:
    waits = {wait.step_id: wait for wait in run.waits}
    names = [_name(step) for step in steps]
    width = min(LONGEST_NAME, max(map(len, names)))
    scale = _scale(run, steps) if frame.width >= ROOM_FOR_BARS else None
    for step, name in zip(steps, names, strict=True):
        head = f"{MARKS[step.status]} {_cut(name, width):<{width}}  {_span(step):>{TOOK}}"
        head = click.style(head, fg=STATUS_COLOURS[step.status], dim=step.superseded or None)
        bar = "" if scale is None else f"  {scale.bar(step)}"
        used = 2 + width + 2 + TOOK + len(bar) + 2
        yield from _with_outcome(
            f"{head}{bar}", used, _outcome(step, waits.get(step.step_id)), frame
        )


def _name(step: "Step") -> str:
    name = visible(step.step_id)
    return f"{name} ({step.attempt})" if step.attempt > 1 else name


def _span(step: "Step") -> str:
    return span_text(seconds_between(step.started_at, step.completed_at))


def _scale(run: "Run", steps: Sequence["Step"]) -> Scale | None:
    begun = [step.started_at for step in steps if step.started_at]
    if not begun:
        return None
    start = parse_time(min(begun), "time")
    ended = [step.completed_at for step in steps]
    over = None not in ended and run.completed_at is not None
    end = parse_time(max(map(str, ended)), "time") if over else datetime.now(UTC)
    return Scale(start, (end - start).total_seconds())


def _with_outcome(head: str, used: int, outcome: str, frame: Frame) -> Iterator[str]:
    """What came of a step: beside it as far as there is room, else below it."""
    if not outcome:
        yield head.rstrip()
    elif frame.full:
        yield head.rstrip()
        yield from (f"    {line}" for line in outcome.split("\n"))
    elif frame.width - used >= LEAST_TEXT:
        yield f"{head}  {_cut(outcome, frame.width - used)}".rstrip()
    else:
        yield head.rstrip()
        yield f"    {_cut(outcome, max(LEAST_TEXT, frame.width - 4))}"


def _outcome(step: "Step", wait: "Wait | None") -> str:
    aside = "(counts no more) " if step.superseded else ""
    if step.status == "completed":
        return aside + (f"→ {_value(step.output)}" if step.output is not None else "")
    if step.status == "failed":
        return f"{aside}{'failed for good' if step.final else 'failed'}: {body_text(step.error)}"
    if wait is not None and step.completed_at is None:
        return aside + _waiting(step, wait)
    return aside + step.status.replace("_", " ")


def _value(value: Any) -> str:
    return body_text(value) if isinstance(value, str) else body_line(value)


def _waiting(step: "Step", wait: "Wait") -> str:
    until = f", until {time_text(wait.due_at)} UTC" if wait.due_at else ""
    if wait.kind == "sleep":
        return f"sleeps until {time_text(wait.due_at)} UTC"
    if wait.kind == "child":
        return f"waits for run {wait.child}"
    if wait.kind == "message":
        return f"waits for a message{until}"
    prompt = prompt_of(step)
    return f"waits for approval: {prompt}" if prompt else f"waits for approval{until}"


def prompt_of(step: "Step") -> str:
    """What is asked of who is to approve a step."""
    asked = step.input.get("prompt") if isinstance(step.input, dict) else step.input
    if asked in (None, ""):
        return ""
    return body_text(asked)


def _cut(text: str, room: int) -> str:
    """The text on one line of that many characters; styles are not counted as such."""
    line = text.replace("\n", " ⏎ ")
    plain = click.unstyle(line)
    return line if len(plain) <= room else f"{plain[: max(1, room - 1)]}…"
