"""Runs and attempts of steps as tables."""

from botbus_cli.spans import seconds_between, span_text
from botbus_cli.tables import Column
from botbus_cli.visible import body_line, body_text, time_text
from botbus_protocol.records import Run, Step

TOLD_APART = 12
"""Characters at the end of an id that are enough to tell runs apart."""


def _remark(one: Run) -> str:
    """What there is to know of a run beyond its status."""
    if one.error:
        return body_text(one.error)
    if one.held:
        return "paused by somebody"
    if one.queued:
        return f"queued for {one.concurrency_key}"
    waits = [wait for wait in one.waits if wait.kind != "timeout"]
    return ", ".join(f"{wait.kind} {wait.step_id}".strip() for wait in waits)


def _took(one: Run | Step) -> str:
    return span_text(seconds_between(one.started_at, one.completed_at))


def _output(step: Step) -> str:
    if step.error is not None:
        return body_text(step.error)
    return "" if step.output is None else body_line(step.output)


RUN_COLUMNS: list[Column[Run]] = [
    Column("run", lambda one: one.id[-TOLD_APART:]),
    Column("workflow", lambda one: one.workflow),
    Column("status", lambda one: one.status),
    Column("key", lambda one: one.key, folds=True),
    Column("age", lambda one: span_text(seconds_between(one.created_at, None)), right=True),
    Column("took", _took, right=True),
    Column("waits for, or error", _remark, folds=True),
    Column("version", lambda one: one.version, wide=True),
    Column("id", lambda one: one.id, wide=True),
]

STEP_COLUMNS: list[Column[Step]] = [
    Column("step", lambda one: one.step_id, folds=True),
    Column("attempt", lambda one: one.attempt, right=True),
    Column("kind", lambda one: one.kind),
    Column("status", lambda one: one.status),
    Column("begun (UTC)", lambda one: time_text(one.started_at, "milliseconds")),
    Column("took", _took, right=True),
    Column("output, or error", _output, folds=True),
]
