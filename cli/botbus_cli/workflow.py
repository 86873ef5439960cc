"""`botbus workflow`: definitions of workflows, saved and looked at."""

from typing import TYPE_CHECKING, Any

import click
import msgspec

from botbus_cli.arguments import BOT, Checked
from botbus_cli.connecting import on_the_bus
from botbus_cli.groups import ListsByDefault
from botbus_cli.json_lines import echo_json
from botbus_cli.options import as_option, example, json_option, limit_option, operator_option
from botbus_cli.record_options import show_done
from botbus_cli.schedules import schedule, schedules, unschedule
from botbus_cli.tables import Column, show_list
from botbus_cli.visible import time_text, visible
from botbus_protocol.grammar import check_name_or_id, looks_like_id
from botbus_protocol.records import Definition, OwnerType

if TYPE_CHECKING:
    from botbus import Bus

GLOBAL: OwnerType = "global"
WORKFLOW = Checked("name|id", check_name_or_id)


def _definition(file: str, field: str) -> dict[str, Any]:
    """What is in a file. Raises ValueError with file, line and sentence."""
    from botbus_cli.definition_file import read_definition

    return read_definition(file, field)


def _one_owner(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
    if value is not None and ctx.params.get("of_all"):
        raise click.UsageError("a global workflow has no owner: say --global or --owner", ctx)
    return value


owner_option = click.option(
    "--owner", type=BOT, metavar="BOT", callback=_one_owner, help="What belongs to this bot."
)
global_option = click.option(
    "--global", "of_all", is_flag=True, is_eager=True, help="What belongs to all bots."
)


@click.group(cls=ListsByDefault, epilog=example("botbus workflow save release.yaml --global"))
def workflow() -> None:
    """Save, list, show, delete and schedule workflows. Plain `botbus workflow` lists."""


@workflow.command(
    epilog=example(
        "botbus workflow save release.yaml --global",
        "generate | botbus workflow save - --from planner",
    )
)
@click.argument("definition", metavar="FILE", type=Checked("file", _definition))
@click.option("--global", "of_all", is_flag=True, help="It belongs to all bots, not to ME alone.")
@operator_option
@json_option
@on_the_bus
async def save(bus: "Bus", definition: dict[str, Any], *, of_all: bool, as_json: bool) -> None:
    """Save the workflow in FILE: JSON or YAML, or - for stdin.

    It takes the place of the one with its id, or with its name and owner; runs go on with what they
    began with.
    """
    saved = await bus.workflows.save(definition, GLOBAL if of_all else "bot")
    if as_json:
        echo_json(saved)
    else:
        click.echo(f"workflow {saved.name} {saved.version} of {_owner(saved)} is saved: {saved.id}")


@workflow.command("list", epilog=example("botbus workflow list --json"))
@owner_option
@global_option
@limit_option(1000)
@as_option
@json_option
@on_the_bus
async def list_(bus: "Bus", owner: str | None, limit: int, *, of_all: bool, as_json: bool) -> None:
    """List the workflows by name."""
    kind = GLOBAL if of_all else None
    found = await bus.workflows.list(owner, kind, limit)
    show_list(found, _COLUMNS, as_json=as_json, nothing="there is no such workflow")


@workflow.command(epilog=example("botbus workflow show release", "botbus workflow show ID --json"))
@click.argument("name", type=WORKFLOW)
@owner_option
@global_option
@operator_option
@json_option
@on_the_bus
async def show(bus: "Bus", name: str, owner: str | None, *, of_all: bool, as_json: bool) -> None:
    """Show workflow NAME (or its id), with its whole definition as JSON.

    A name means the workflow of ME, else the global one, else the only one of that name.
    """
    found = await _found(bus, name, owner, of_all=of_all)
    if as_json:
        echo_json(found)
        return
    click.echo(f"workflow {found.name}")
    for label, text in _facts(found).items():
        click.echo(f"  {label:<11}  {text}")
    text = msgspec.json.format(msgspec.json.encode(found.definition), indent=2).decode()
    for line in text.splitlines():
        click.echo(visible(line))


@workflow.command(epilog=example("botbus workflow delete release --force"))
@click.argument("name", type=WORKFLOW)
@owner_option
@global_option
@click.option("--force", is_flag=True, help="Delete its finished runs with it.")
@operator_option
@json_option
@on_the_bus
async def delete(
    bus: "Bus", name: str, owner: str | None, *, of_all: bool, force: bool, as_json: bool
) -> None:
    """Delete workflow NAME (or its id) and its schedules; one that has runs is refused."""
    found = await _found(bus, name, owner, of_all=of_all)
    changed = await bus.workflows.delete(found.id, force)
    words = "is deleted" if changed else "was not there"
    data = {"id": found.id, "name": found.name, "changed": changed}
    show_done(f"workflow {found.name} of {_owner(found)} {words}", data, as_json=as_json)


async def _found(bus: "Bus", name: str, owner: str | None, *, of_all: bool) -> Definition:
    if looks_like_id(name):
        return await bus.workflows.get(name)
    return await bus.workflows.by_name(name, owner, GLOBAL if of_all else None)


def _owner(found: Definition) -> str:
    return found.owner or "all bots"


def _facts(found: Definition) -> dict[str, str]:
    return {
        "id": found.id,
        "version": found.version,
        "owner": _owner(found),
        "status": found.status,
        "created": f"{time_text(found.created_at)} UTC",
        "updated": f"{time_text(found.updated_at)} UTC",
    }


_COLUMNS: list[Column[Definition]] = [
    Column("workflow", lambda one: one.name),
    Column("version", lambda one: one.version),
    Column("owner", lambda one: one.owner or "(all)"),
    Column("status", lambda one: one.status),
    Column("updated (UTC)", lambda one: time_text(one.updated_at)),
    Column("description", lambda one: one.description, folds=True),
    Column("id", lambda one: one.id, wide=True),
]

for _command in (schedule, schedules, unschedule):
    workflow.add_command(_command)
