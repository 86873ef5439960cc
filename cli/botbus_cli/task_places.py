"""`botbus task place|unplace|order|places`: the tasks of a workflow, in sequence."""

# ruff: noqa: A002 - id is a word of the contract

from typing import TYPE_CHECKING

import click

from botbus_cli.arguments import BOT
from botbus_cli.connecting import on_the_bus
from botbus_cli.options import as_option, example, json_option, limit_option, operator_option
from botbus_cli.record_options import RECORD_ID, show_done
from botbus_cli.tables import Column, show_list
from botbus_protocol.records import WorkflowTask

if TYPE_CHECKING:
    from botbus import Bus


@click.command(epilog=example("botbus task places release"))
@click.argument("workflow", type=BOT)
@limit_option(1000)
@as_option
@json_option
@on_the_bus
async def places(bus: "Bus", workflow: str, limit: int, *, as_json: bool) -> None:
    """List the tasks of a workflow (its name or id) in sequence."""
    found = await bus.tasks.of_workflow(workflow, limit=limit)
    nothing = f"workflow {workflow} has no tasks"
    show_list(found, _COLUMNS, as_json=as_json, nothing=nothing)


@click.command(
    epilog=example("botbus task place release ID", "botbus task place release ID --at 0")
)
@click.argument("workflow", type=BOT)
@click.argument("id", type=RECORD_ID)
@click.option(
    "--at",
    type=click.IntRange(min=0),
    metavar="N",
    help="Its sequence; by default behind all others.",
)
@operator_option
@json_option
@on_the_bus
async def place(bus: "Bus", workflow: str, id: str, at: int | None, *, as_json: bool) -> None:
    """Give a task its place in a workflow, or another one."""
    made = await bus.tasks.add_to_workflow(workflow, id, at)
    data = {"workflow_id": made.workflow_id, "task_id": id, "sequence": made.sequence}
    show_done(f"task {id} is number {made.sequence} of {workflow}", data, as_json=as_json)


@click.command(epilog=example("botbus task unplace release ID"))
@click.argument("workflow", type=BOT)
@click.argument("id", type=RECORD_ID)
@operator_option
@json_option
@on_the_bus
async def unplace(bus: "Bus", workflow: str, id: str, *, as_json: bool) -> None:
    """Take a task out of a workflow; the task itself stays."""
    changed = await bus.tasks.remove_from_workflow(workflow, id)
    words = "is no longer" if changed else "was not"
    data = {"workflow": workflow, "task_id": id, "changed": changed}
    show_done(f"task {id} {words} in {workflow}", data, as_json=as_json)


@click.command(epilog=example("botbus task order release ID ID ID"))
@click.argument("workflow", type=BOT)
@click.argument("ids", metavar="ID...", type=RECORD_ID, nargs=-1, required=True)
@operator_option
@json_option
@on_the_bus
async def order(bus: "Bus", workflow: str, ids: tuple[str, ...], *, as_json: bool) -> None:
    """Put all tasks of a workflow in this order."""
    changed = await bus.tasks.reorder(workflow, ids)
    words = "are" if changed else "were already"
    data = {"workflow": workflow, "count": len(ids), "changed": changed}
    show_done(f"the tasks of {workflow} {words} in this order", data, as_json=as_json)


_COLUMNS: list[Column[WorkflowTask]] = [
    Column("sequence", lambda place: place.sequence, right=True),
    Column("task", lambda place: place.task_id),
    Column("title", lambda place: place.task.title, folds=True),
    Column("type", lambda place: place.task.task_type),
    Column("status", lambda place: place.task.status),
]
