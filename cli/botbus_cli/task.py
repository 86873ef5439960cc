"""`botbus task`: what is to be done, who is at it, and its place in a workflow."""

# ruff: noqa: A002 - id and type are words of the contract

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, get_args

import click

from botbus_cli.arguments import Body
from botbus_cli.connecting import on_the_bus
from botbus_cli.groups import ListsByDefault
from botbus_cli.options import as_option, example, json_option, limit_option, operator_option
from botbus_cli.record_options import (
    JSON_VALUE,
    RECORD_ID,
    show_done,
    show_record,
    since_option,
    until_option,
)
from botbus_cli.tables import Column, show_list
from botbus_cli.task_places import order, place, places, unplace
from botbus_cli.visible import time_text
from botbus_protocol.record_states import TaskStatus
from botbus_protocol.records import Task

if TYPE_CHECKING:
    from botbus import Bus

STATUS = click.Choice(get_args(TaskStatus))


@click.group(cls=ListsByDefault, epilog=example("botbus task create 'Fix #12' --type script"))
def task() -> None:
    """List, create, move and delete tasks. Plain `botbus task` lists."""


@task.command("list", epilog=example("botbus task list --status failed --type script"))
@click.option("--status", type=STATUS, help="Only those in this state.")
@click.option("--type", help="Only of this type.")
@click.option("--workspace", metavar="PATH", help="Only of this workspace.")
@click.option("--run", type=RECORD_ID, metavar="ID", help="Only those that this run does.")
@since_option
@until_option
@limit_option(100)
@as_option
@json_option
@on_the_bus
async def list_(
    bus: "Bus",
    status: TaskStatus | None,
    type: str | None,
    workspace: str | None,
    run: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """List tasks, newest first."""
    found = await bus.tasks.list(
        status=status,
        task_type=type,
        workspace_path=workspace,
        run_id=run,
        created_after=since,
        created_before=until,
        limit=limit,
    )
    show_list(found, _COLUMNS, as_json=as_json, nothing="there is no such task")


@task.command(
    epilog=example("""botbus task create 'Fix #12' --type script --config '{"run": "make fix"}'""")
)
@click.argument("title")
@click.option("--type", required=True, help="What kind of task it is, as script or tool.")
@click.option("--description", help="What there is to know about it.")
@click.option("--config", type=JSON_VALUE, help="A JSON object.")
@click.option("--metadata", type=JSON_VALUE, help="Whatever else belongs to it, as JSON.")
@click.option("--workspace", metavar="PATH", help="Where it is to be done.")
@click.option("--run", type=RECORD_ID, metavar="ID", help="The run that does it.")
@click.option("--id", type=RECORD_ID, help="A UUIDv7 of yours: asked for twice, it is made once.")
@operator_option
@json_option
@on_the_bus
async def create(
    bus: "Bus",
    title: str,
    type: str,
    description: str | None,
    config: Body | None,
    metadata: Body | None,
    workspace: str | None,
    run: str | None,
    id: str | None,
    *,
    as_json: bool,
) -> None:
    """Create a task, pending, and print it."""
    made = await bus.tasks.create(
        title,
        type,
        id=id,
        description=description,
        config=config.value if config else None,
        metadata=metadata.value if metadata else None,
        workspace_path=workspace,
        run_id=run,
    )
    show_record(made, as_json=as_json)


@task.command(epilog=example("botbus task show ID"))
@click.argument("id", type=RECORD_ID)
@as_option
@json_option
@on_the_bus
async def show(bus: "Bus", id: str, *, as_json: bool) -> None:
    """Show a task."""
    show_record(await bus.tasks.get(id), as_json=as_json)


@task.command(epilog=example("botbus task update ID --title 'Fix #13'"))
@click.argument("id", type=RECORD_ID)
@click.option("--title", help="What it is called from now on.")
@click.option("--description", help="An empty one takes it away.")
@click.option("--config", type=JSON_VALUE, help="A JSON object.")
@click.option("--metadata", type=JSON_VALUE, help="Whatever else belongs to it, as JSON.")
@click.option("--workspace", metavar="PATH", help="An empty one takes it away.")
@click.option("--run", metavar="ID", help="The run that does it; an empty one for none.")
@operator_option
@json_option
@on_the_bus
async def update(
    bus: "Bus",
    id: str,
    title: str | None,
    description: str | None,
    config: Body | None,
    metadata: Body | None,
    workspace: str | None,
    run: str | None,
    *,
    as_json: bool,
) -> None:
    """Change what is given of a task, and print it."""
    changed = await bus.tasks.update(
        id,
        title=title,
        description=description,
        config=config.value if config else None,
        metadata=metadata.value if metadata else None,
        workspace_path=workspace,
        run_id=run,
    )
    show_record(changed, as_json=as_json)


def _moving(name: str, words: str, move: Callable[["Bus", str], Awaitable[Task]]) -> None:
    """Adds a command that moves a task to another state."""

    @task.command(name, help=words, epilog=example(f"botbus task {name} ID"))
    @click.argument("id", type=RECORD_ID)
    @operator_option
    @json_option
    @on_the_bus
    async def moved(bus: "Bus", id: str, *, as_json: bool) -> None:
        show_record(await move(bus, id), as_json=as_json)


_moving("start", "Say that a task is being done now.", lambda bus, one: bus.tasks.start(one))
_moving("complete", "Say that a task is done.", lambda bus, one: bus.tasks.complete(one))
_moving("retry", "Put a task back to pending.", lambda bus, one: bus.tasks.retry(one))


@task.command(epilog=example("botbus task fail ID 'no disk'"))
@click.argument("id", type=RECORD_ID)
@click.argument("error")
@operator_option
@json_option
@on_the_bus
async def fail(bus: "Bus", id: str, error: str, *, as_json: bool) -> None:
    """Say that a task has failed, and why."""
    show_record(await bus.tasks.fail(id, error), as_json=as_json)


@task.command(epilog=example("botbus task cancel ID --why 'not needed any more'"))
@click.argument("id", type=RECORD_ID)
@click.option("--why", metavar="TEXT", help="The reason, kept as its error.")
@operator_option
@json_option
@on_the_bus
async def cancel(bus: "Bus", id: str, why: str | None, *, as_json: bool) -> None:
    """Call a task off."""
    show_record(await bus.tasks.cancel(id, why), as_json=as_json)


@task.command(epilog=example("botbus task delete ID"))
@click.argument("id", type=RECORD_ID)
@operator_option
@json_option
@on_the_bus
async def delete(bus: "Bus", id: str, *, as_json: bool) -> None:
    """Delete a task with its tool executions and its places in workflows."""
    changed = await bus.tasks.delete(id)
    words = "is deleted" if changed else "was not there"
    show_done(f"task {id} {words}", {"id": id, "changed": changed}, as_json=as_json)


_COLUMNS: list[Column[Task]] = [
    Column("task", lambda one: one.id),
    Column("title", lambda one: one.title, folds=True),
    Column("type", lambda one: one.task_type),
    Column("status", lambda one: one.status),
    Column("created (UTC)", lambda one: time_text(one.created_at)),
    Column("error", lambda one: one.error, folds=True),
    Column("workspace", lambda one: one.workspace_path, wide=True),
]

for _command in (places, place, unplace, order):
    task.add_command(_command)
