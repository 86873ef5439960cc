"""`botbus run`: starting runs of workflows, and looking at them."""

import os
import shutil
import sys
from typing import TYPE_CHECKING, get_args

import click

from botbus_cli.arguments import BODY, SECONDS, Body, Checked
from botbus_cli.connecting import on_the_bus
from botbus_cli.ending import Failed
from botbus_cli.groups import ListsByDefault
from botbus_cli.json_lines import echo_json, plain
from botbus_cli.options import example, json_option, limit_option
from botbus_cli.record_options import RECORD_ID, operator_option, since_option, until_option
from botbus_cli.run_ids import RUN_HELP, find_run
from botbus_cli.run_moves import approve, cancel, pause, reject, resume, retry
from botbus_cli.run_timeline import Frame, run_lines
from botbus_cli.spans import seconds_between, span_text
from botbus_cli.tables import Column, show_list
from botbus_cli.visible import body_line, body_text, time_text
from botbus_protocol.grammar import check_name_or_id
from botbus_protocol.records import Run, Step
from botbus_protocol.states import RUN_ENDS, RunStatus

if TYPE_CHECKING:
    from botbus import Bus

WORKFLOW = Checked("name|id", check_name_or_id)
STATUS = click.Choice(get_args(RunStatus))
IN_A_PIPE = 100
"""Columns of what is drawn where no terminal says how many it has."""
MOST_STEPS = 1000
TOLD_APART = 12
"""Characters at the end of an id that are enough to tell runs apart."""


@click.group(
    cls=ListsByDefault,
    epilog=example('botbus run start release \'{"version": "1.2"}\' --key release-1.2'),
)
def run() -> None:
    """Start, list, show and move runs of workflows. Plain `botbus run` lists."""


@run.command(
    epilog=example(
        """botbus run start release '{"version": "1.2"}' --key release-1.2""",
        "botbus run start nightly --concurrency-key repo-x --wait --timeout 600",
    )
)
@click.argument("name", type=WORKFLOW)
@click.argument("input", type=BODY, required=False)
@click.option("--key", help="The same key is the same run.")
@click.option("--concurrency-key", metavar="KEY", help="Runs with the same one go in order.")
@click.option(
    "--concurrency-limit",
    type=click.IntRange(min=1),
    metavar="N",
    default=1,
    show_default=True,
    help="So many of them at a time.",
)
@click.option("--priority", type=int, default=0, help="Higher ones go first.")
@click.option("--delay", type=SECONDS, metavar="S", help="Seconds before which it is not begun.")
@click.option("--version", help="By default the one that was saved last.")
@click.option("--id", type=RECORD_ID, help="A UUIDv7 of yours: asked for twice, it is one run.")
@click.option("--wait", is_flag=True, help="Wait for its end, and print its result.")
@click.option("--timeout", type=SECONDS, metavar="S", help="With --wait: at most so many seconds.")
@operator_option
@json_option
@on_the_bus
async def start(
    bus: "Bus",
    name: str,
    input: Body | None,  # noqa: A002 - the contract's word
    key: str | None,
    concurrency_key: str | None,
    concurrency_limit: int,
    priority: int,
    delay: float | None,
    version: str | None,
    id: str | None,  # noqa: A002 - the contract's word
    timeout: float | None,
    *,
    wait: bool,
    as_json: bool,
) -> None:
    """Start a run of workflow NAME with INPUT: JSON, or - for stdin; plain text is a string.

    With --wait: exit code 1 if it does not complete, 4 if it has not ended in time (it goes on).
    """
    handle = await bus.start(
        name,
        input.value if input else None,
        key=key,
        concurrency_key=concurrency_key,
        concurrency_limit=concurrency_limit,
        priority=priority,
        delay=delay,
        version=version,
        id=id,
    )
    if wait:
        _tell_waiting(handle.id)
        _show_end(await bus.runs.wait(handle.id, timeout), as_json=as_json)
        return
    made = await bus.runs.get(handle.id)
    if as_json:
        echo_json(plain(made) | {"created": handle.created})
    else:
        words = "is started" if handle.created else f"was there already: it is {made.status}"
        click.echo(f"run {made.id} of {made.workflow} {made.version} {words}")


@run.command(
    "wait",
    epilog=example("botbus run wait release-1.2 --timeout 600"),
    help=f"""
    Wait for the end of RUN, and print its result.

    Exit code 1 if it does not complete, 4 if it has not ended in time. {RUN_HELP}
    """,
)
@click.argument("run")
@click.option("--timeout", type=SECONDS, metavar="S", help="At most so many seconds.")
@json_option
@on_the_bus
async def wait_(bus: "Bus", run: str, timeout: float | None, *, as_json: bool) -> None:
    found = await find_run(bus, run)
    if found.status not in RUN_ENDS:
        _tell_waiting(found.id)
    _show_end(await bus.runs.wait(found.id, timeout), as_json=as_json)


@run.command(
    "list",
    epilog=example(
        "botbus run list --workflow release --status failed",
        "botbus run list --text 'no disk' --since 2026-01-31T09:00:00Z --json",
    ),
)
@click.option("--workflow", type=WORKFLOW, help="Only runs of this one, whoever it belongs to.")
@click.option("--status", "--state", "status", type=STATUS, help="Only those in this state.")
@click.option("--key", help="Only those with this key or concurrency key.")
@click.option("--text", help="Only those with this in their input, result or error.")
@since_option
@until_option
@limit_option(50)
@json_option
@on_the_bus
async def list_(
    bus: "Bus",
    workflow: str | None,
    status: RunStatus | None,
    key: str | None,
    text: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """List runs, newest first."""
    found = await bus.runs.list(
        workflow,
        status=status,
        key=key,
        text=text,
        created_after=since,
        created_before=until,
        limit=limit,
    )
    show_list(found, _COLUMNS, as_json=as_json, nothing="there is no such run")


@run.command(
    epilog=example("botbus run show release-1.2", "botbus run show 3d5f1b7c2a11 --full"),
    help=f"Show RUN: what it is, what it waits for, and its steps along the time. {RUN_HELP}",
)
@click.argument("run")
@click.option("--full", is_flag=True, help="Cut nothing.")
@limit_option(MOST_STEPS)
@json_option
@on_the_bus
async def show(bus: "Bus", run: str, limit: int, *, full: bool, as_json: bool) -> None:
    found = await find_run(bus, run)
    steps = await bus.steps.list(found.id, limit=limit + 1)
    why = None if found.status in RUN_ENDS else await bus.runs.why(found.id)
    if as_json:
        echo_json(plain(found) | {"why": why, "steps": plain(steps[:limit])})
        return
    colour = False if os.environ.get("NO_COLOR") else None
    width = shutil.get_terminal_size((IN_A_PIPE, 24)).columns
    for line in run_lines(found, steps[:limit], why, Frame(width, full)):
        click.echo(line, color=colour)
    if len(steps) > limit:
        click.echo(f"there are more attempts of steps than {limit}: see --limit", err=True)


@run.command(
    epilog=example("botbus run why release-1.2"),
    help=f"Say in one sentence what RUN is waiting for. {RUN_HELP}",
)
@click.argument("run")
@json_option
@on_the_bus
async def why(bus: "Bus", run: str, *, as_json: bool) -> None:
    found = await find_run(bus, run)
    sentence = await bus.runs.why(found.id)
    if as_json:
        echo_json({"id": found.id, "status": found.status, "why": sentence})
    else:
        click.echo(sentence)


@run.command(
    epilog=example("botbus run steps release-1.2 --json"),
    help=f"List the attempts of the steps of RUN, in order. {RUN_HELP}",
)
@click.argument("run")
@limit_option(MOST_STEPS)
@json_option
@on_the_bus
async def steps(bus: "Bus", run: str, limit: int, *, as_json: bool) -> None:
    found = await find_run(bus, run)
    rows = await bus.steps.list(found.id, limit=limit)
    show_list(rows, _STEP_COLUMNS, as_json=as_json, nothing="no step of it was begun yet")


def _tell_waiting(run_id: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"waiting for run {run_id} (Ctrl-C leaves it running)", err=True)


def _show_end(ended: Run, *, as_json: bool) -> None:
    """The result of a run on stdout. Raises Failed unless it completed."""
    if as_json:
        echo_json(ended)
    elif ended.status == "completed":
        click.echo(body_text(ended.result))
    if ended.status != "completed":
        error = f": {ended.error}" if ended.error else ""
        raise Failed(ended.status, f"run {ended.id} is {ended.status}{error}")


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


_COLUMNS: list[Column[Run]] = [
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

_STEP_COLUMNS, as_json=as_json, nothing="no step of it was begun yet")


def _tell_waiting(run_id: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"waiting for run {run_id} (Ctrl-C leaves it running)", err=True)


def _show_end(ended: Run, *, as_json: bool) -> None:
    """The result of a run on stdout. Raises Failed unless it completed."""
    if as_json:
        echo_json(ended)
    elif ended.status == "completed":
        click.echo(body_text(ended.result))
    if ended.status != "completed":
        error = f": {ended.error}" if ended.error else ""
        raise Failed(ended.status, f"run {ended.id} is {ended.status}{error}")


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


_COLUMNS: list[Column[Run]] = [
    Column("run", lambda one: one.id),
    Column("workflow", lambda one: one.workflow),
    Column("version", lambda one: one.version, wide=True),
    Column("status", lambda one: one.status),
    Column("key", lambda one: one.key, folds=True),
    Column("made (UTC)", lambda one: time_text(one.created_at)),
    Column(
        "took", lambda one: span_text(seconds_between(one.started_at, one.completed_at)), right=True
    ),
    Column("waits for, or error", _remark, folds=True),
]

_STEP_COLUMNS: list[Column[Step]] = [
    Column("step", lambda one: one.step_id, folds=True),
    Column("attempt", lambda one: one.attempt, right=True),
    Column("kind", lambda one: one.kind),
    Column("status", lambda one: one.status),
    Column("begun (UTC)", lambda one: time_text(one.started_at, "milliseconds")),
    Column(
        "took", lambda one: span_text(seconds_between(one.started_at, one.completed_at)), right=True
    ),
    Column("output, or error", _output, folds=True),
]

for _command in (cancel, pause, resume, approve, reject, retry):
    run.add_command(_command)
