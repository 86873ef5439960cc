"""`botbus run cancel`, `pause`, `resume`, `retry`, `approve` and `reject`: moving runs from outside."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import click

from botbus_cli.connecting import on_the_bus
from botbus_cli.ending import Failed
from botbus_cli.json_lines import echo_json
from botbus_cli.options import example, json_option, operator_named, operator_option
from botbus_cli.run_ids import RUN_HELP, find_run
from botbus_cli.run_timeline import prompt_of
from botbus_protocol.records import Run, Step

if TYPE_CHECKING:
    from botbus import Bus


def _moving(name: str, words: str, move: Callable[["Bus", str], Awaitable[Run]]) -> click.Command:
    """A command that moves a run to another state."""

    @click.command(
        name, help=f"{words} {RUN_HELP}", epilog=example(f"botbus run {name} release-1.2")
    )
    @click.argument("run")
    @operator_option
    @json_option
    @on_the_bus
    async def moved(bus: "Bus", run: str, *, as_json: bool) -> None:
        found = await find_run(bus, run)
        _show(await move(bus, found.id), as_json=as_json)

    return moved


cancel = _moving(
    "cancel", "End RUN, at once; whoever works on it stops.", lambda bus, one: bus.runs.cancel(one)
)
pause = _moving(
    "pause",
    "Hold RUN until it is resumed: at once, or at the next checkpoint of its worker.",
    lambda bus, one: bus.runs.pause(one),
)
resume = _moving("resume", "Let a paused RUN go on.", lambda bus, one: bus.runs.resume(one))


@click.command(
    epilog=example("botbus run retry release-1.2", "botbus run retry release-1.2 --from tag"),
    help=f"""Run an ended RUN again: what failed, or all from a step on. Old attempts are kept.

    {RUN_HELP}""",
)
@click.argument("run")
@click.option("--from", "step", metavar="STEP", help="The first step that is done anew.")
@operator_named("--as")
@json_option
@on_the_bus
async def retry(bus: "Bus", run: str, step: str | None, *, as_json: bool) -> None:
    found = await find_run(bus, run)
    _show(await bus.runs.retry(found.id, step), as_json=as_json)


def _show(run: Run, *, as_json: bool) -> None:
    if as_json:
        echo_json(run)
    elif run.pausing:
        click.echo(f"run {run.id} will pause at the next checkpoint of its worker")
    else:
        click.echo(f"run {run.id} is {run.status}")


def _deciding(name: str, words: str, *, approved: bool) -> click.Command:
    """A command that approves or rejects what waits for it."""

    @click.command(
        name,
        epilog=example(f"botbus run {name} release-1.2 publish --by ann --comment 'looks good'"),
        help=f"""{words}

        What was asked is printed, and the verdict holds for that alone. {RUN_HELP}""",
    )
    @click.argument("run")
    @click.argument("step")
    @click.option("--by", default="", help="Who decides; by default ME.")
    @click.option("--comment", default="", help="For whoever reads it later.")
    @operator_option
    @json_option
    @on_the_bus
    async def decided(
        bus: "Bus", run: str, step: str, by: str, comment: str, *, as_json: bool
    ) -> None:
        asked = await _asked(bus, await find_run(bus, run), step)
        if not as_json and (prompt := prompt_of(asked)):
            click.echo(prompt)
        decide = bus.runs.approve if approved else bus.runs.reject
        done = await decide(asked.run_id, step, by=by, comment=comment, input_hash=asked.input_hash)
        if as_json:
            echo_json(done)
        else:
            click.echo(f"step {step} of run {done.run_id} is {name}{'d' if approved else 'ed'}")

    return decided


async def _asked(bus: "Bus", run: Run, step: str) -> Step:
    """The step that is to be decided on, as it is now. Raises Failed."""
    rows = await bus.steps.list(run.id, superseded=False)
    found = [row for row in rows if row.step_id == step]
    if not found:
        waiting = [wait.step_id for wait in run.waits if wait.kind == "approval"]
        what = f"it waits for approval of {', '.join(waiting)}" if waiting else "it waits for none"
        raise Failed("not_found", f"run {run.id} has not come to a step {step!r}: {what}")
    return found[-1]


approve = _deciding("approve", "Say yes to STEP of RUN, which waits for it.", approved=True)
reject = _deciding("reject", "Say no to STEP of RUN, which waits for a verdict.", approved=False)
