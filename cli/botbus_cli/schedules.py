"""`botbus workflow schedule`, `schedules` and `unschedule`: runs that are started by the clock."""

from typing import TYPE_CHECKING, get_args

import click

from botbus_cli.arguments import BODY, Body, Checked
from botbus_cli.connecting import on_the_bus
from botbus_cli.json_lines import echo_json
from botbus_cli.options import example, json_option, limit_option, operator_option
from botbus_cli.record_options import RECORD_ID, show_done
from botbus_cli.tables import Column, show_list
from botbus_cli.visible import time_text
from botbus_protocol.grammar import check_name_or_id
from botbus_protocol.records import CatchUp, Schedule

if TYPE_CHECKING:
    from botbus import Bus

WORKFLOW = Checked("name|id", check_name_or_id)


@click.command(
    epilog=example(
        "botbus workflow schedule nightly '30 2 * * *' --timezone Europe/Berlin",
        """botbus workflow schedule sweep '*/5 * * * *' '{"deep": false}' --catch-up none""",
    )
)
@click.argument("name", type=WORKFLOW)
@click.argument("cron")
@click.argument("input", type=BODY, required=False)
@click.option("--timezone", default="UTC", show_default=True, help="A name of the tz database.")
@click.option(
    "--catch-up",
    type=click.Choice(get_args(CatchUp)),
    default="one",
    show_default=True,
    help="What of the times that passed while no daemon ran is made up for.",
)
@click.option("--id", type=RECORD_ID, help="The schedule to replace, or a UUIDv7 of yours.")
@operator_option
@json_option
@on_the_bus
async def schedule(
    bus: "Bus",
    name: str,
    cron: str,
    input: Body | None,  # noqa: A002 - the contract's word
    timezone: str,
    catch_up: CatchUp,
    id: str | None,  # noqa: A002 - the contract's word
    *,
    as_json: bool,
) -> None:
    """Start runs of workflow NAME by the clock, with INPUT (JSON, or - for stdin).

    CRON has five fields, minute hour day month weekday, or six with seconds first.
    """
    saved = await bus.workflows.schedule(
        name,
        cron,
        id=id,
        timezone=timezone,
        catch_up=catch_up,
        input=input.value if input else None,
    )
    if as_json:
        echo_json(saved)
    else:
        first = time_text(saved.next_at)
        click.echo(f"schedule {saved.id} starts {saved.workflow} at {first} UTC and so on")


@click.command(epilog=example("botbus workflow schedules release"))
@click.argument("name", type=WORKFLOW, required=False)
@limit_option(1000)
@operator_option
@json_option
@on_the_bus
async def schedules(bus: "Bus", name: str | None, limit: int, *, as_json: bool) -> None:
    """List the schedules of workflow NAME, or all."""
    found = await bus.workflows.schedules(name, limit)
    show_list(found, _COLUMNS, as_json=as_json, nothing="there is no such schedule")


@click.command(epilog=example("botbus workflow unschedule ID"))
@click.argument("id", type=RECORD_ID)
@operator_option
@json_option
@on_the_bus
async def unschedule(bus: "Bus", id: str, *, as_json: bool) -> None:  # noqa: A002 - see above
    """Delete the schedule ID; the runs that it has started stay."""
    changed = await bus.workflows.unschedule(id)
    words = "is deleted" if changed else "was not there"
    show_done(f"schedule {id} {words}", {"id": id, "changed": changed}, as_json=as_json)


_COLUMNS: list[Column[Schedule]] = [
    Column("schedule", lambda one: one.id),
    Column("workflow", lambda one: one.workflow),
    Column("cron", lambda one: one.cron),
    Column("timezone", lambda one: one.timezone),
    Column("catch up", lambda one: one.catch_up),
    Column("next (UTC)", lambda one: time_text(one.next_at)),
    Column("last (UTC)", lambda one: time_text(one.last_at)),
    Column("by", lambda one: one.created_by, wide=True),
]
