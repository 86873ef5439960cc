"""`botbus run start` and `wait`: starting runs, and waiting for what comes of them."""

import sys
from typing import TYPE_CHECKING

import click

from botbus_cli.arguments import BODY, SECONDS, Body, Checked
from botbus_cli.connecting import on_the_bus
from botbus_cli.ending import Failed
from botbus_cli.json_lines import echo_json, plain
from botbus_cli.options import as_option, example, json_option, operator_option
from botbus_cli.record_options import RECORD_ID
from botbus_cli.run_ids import RUN_HELP, find_run
from botbus_cli.visible import body_text
from botbus_protocol.grammar import check_name_or_id
from botbus_protocol.records import Run
from botbus_protocol.states import RUN_ENDS

if TYPE_CHECKING:
    from botbus import Bus

WORKFLOW = Checked("name|id", check_name_or_id)


@click.command(
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
@click.option("--wait", "until_end", is_flag=True, help="Wait for its end, and print its result.")
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
    until_end: bool,
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
    if until_end:
        _tell_waiting(handle.id)
        _show_end(await bus.runs.wait(handle.id, timeout), as_json=as_json)
        return
    made = await bus.runs.get(handle.id)
    if as_json:
        echo_json(plain(made) | {"created": handle.created})
    else:
        words = "is started" if handle.created else f"was there already: it is {made.status}"
        click.echo(f"run {made.id} of {made.workflow} {made.version} {words}")


@click.command(
    "wait",
    epilog=example("botbus run wait release-1.2 --timeout 600"),
    help=f"""
    Wait for the end of RUN, and print its result.

    Exit code 1 if it does not complete, 4 if it has not ended in time. {RUN_HELP}
    """,
)
@click.argument("run")
@click.option("--timeout", type=SECONDS, metavar="S", help="At most so many seconds.")
@as_option
@json_option
@on_the_bus
async def wait(bus: "Bus", run: str, timeout: float | None, *, as_json: bool) -> None:
    found = await find_run(bus, run)
    if found.status not in RUN_ENDS:
        _tell_waiting(found.id)
    _show_end(await bus.runs.wait(found.id, timeout), as_json=as_json)


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
