"""`botbus run`: starting runs of workflows, and looking at them."""

import os
import shutil
from typing import TYPE_CHECKING, get_args

import click

from botbus_cli.connecting import on_the_bus
from botbus_cli.groups import ListsByDefault
from botbus_cli.json_lines import echo_json, plain
from botbus_cli.options import as_option, example, json_option, limit_option
from botbus_cli.record_options import since_option, until_option
from botbus_cli.run_ids import RUN_HELP, find_run
from botbus_cli.run_moves import approve, cancel, pause, reject, resume, retry
from botbus_cli.run_start import WORKFLOW, start, wait
from botbus_cli.run_tables import RUN_COLUMNS, STEP_COLUMNS
from botbus_cli.run_timeline import Frame, run_lines
from botbus_cli.tables import show_list
from botbus_protocol.states import RUN_ENDS, RunStatus

if TYPE_CHECKING:
    from botbus import Bus

STATUS = click.Choice(get_args(RunStatus))
IN_A_PIPE = 100
"""Columns of what is drawn where no terminal says how many it has."""
MOST_STEPS = 1000


@click.group(
    cls=ListsByDefault,
    epilog=example('botbus run start release \'{"version": "1.2"}\' --key release-1.2'),
)
def run() -> None:
    """Start, list, show and move runs of workflows. Plain `botbus run` lists."""


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
@as_option
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
    show_list(found, RUN_COLUMNS, as_json=as_json, nothing="there is no such run")


@run.command(
    epilog=example("botbus run show release-1.2", "botbus run show 3d5f1b7c2a11 --full"),
    help=f"Show RUN: what it is, what it waits for, and its steps along the time. {RUN_HELP}",
)
@click.argument("run")
@click.option("--full", is_flag=True, help="Cut nothing.")
@limit_option(MOST_STEPS)
@as_option
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
@as_option
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
@as_option
@json_option
@on_the_bus
async def steps(bus: "Bus", run: str, limit: int, *, as_json: bool) -> None:
    found = await find_run(bus, run)
    rows = await bus.steps.list(found.id, limit=limit)
    show_list(rows, STEP_COLUMNS, as_json=as_json, nothing="no step of it was begun yet")


for _command in (start, wait, cancel, pause, resume, approve, reject, retry):
    run.add_command(_command)
