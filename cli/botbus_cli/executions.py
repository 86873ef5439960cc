"""`botbus executions`: what tools were called with, and what came of it."""

# ruff: noqa: A002 - id is a word of the contract

from typing import TYPE_CHECKING, get_args

import click

from botbus_cli.arguments import SECONDS, Body
from botbus_cli.connecting import on_the_bus
from botbus_cli.groups import ListsByDefault
from botbus_cli.options import as_option, example, json_option, limit_option, operator_option
from botbus_cli.record_options import JSON_VALUE, RECORD_ID, show_record, since_option, until_option
from botbus_cli.tables import Column, show_list
from botbus_cli.visible import time_text
from botbus_protocol.record_states import ExecutionStatus
from botbus_protocol.records import ToolExecution

if TYPE_CHECKING:
    from botbus import Bus


@click.group(cls=ListsByDefault, epilog=example("botbus executions --tool grep --status failed"))
def executions() -> None:
    """The log of tool executions. Plain `botbus executions` lists."""


@executions.command("list", epilog=example("botbus executions list --task ID --json"))
@click.option("--task", type=RECORD_ID, metavar="ID", help="Only for this task.")
@click.option("--tool", help="Only of this tool.")
@click.option("--status", type=click.Choice(get_args(ExecutionStatus)), help="Only in this state.")
@since_option
@until_option
@limit_option(100)
@as_option
@json_option
@on_the_bus
async def list_(
    bus: "Bus",
    task: str | None,
    tool: str | None,
    status: ExecutionStatus | None,
    since: str | None,
    until: str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """List executions, newest first."""
    found = await bus.tool_executions.list(
        task_id=task,
        tool_name=tool,
        status=status,
        created_after=since,
        created_before=until,
        limit=limit,
    )
    show_list(found, _COLUMNS, as_json=as_json, nothing="there is no such execution")


@executions.command(epilog=example("botbus executions show ID"))
@click.argument("id", type=RECORD_ID)
@as_option
@json_option
@on_the_bus
async def show(bus: "Bus", id: str, *, as_json: bool) -> None:
    """Show an execution."""
    show_record(await bus.tool_executions.get(id), as_json=as_json)


@executions.command(
    epilog=example("""botbus executions start TASK grep --arguments '{"q": "x"}' --timeout 60""")
)
@click.argument("task", type=RECORD_ID)
@click.argument("tool")
@click.option("--arguments", type=JSON_VALUE, help="A JSON object.")
@click.option("--timeout", type=SECONDS, metavar="S", help="Marked as timed out after this.")
@click.option("--id", type=RECORD_ID, help="A UUIDv7 of yours: asked for twice, it starts once.")
@operator_option
@json_option
@on_the_bus
async def start(
    bus: "Bus",
    task: str,
    tool: str,
    arguments: Body | None,
    timeout: float | None,
    id: str | None,
    *,
    as_json: bool,
) -> None:
    """Enter a call of TOOL for TASK into the log, and print it."""
    given = arguments.value if arguments else None
    entry = await bus.tool_executions.start(task, tool, given, id=id, timeout=timeout)
    show_record(entry, as_json=as_json)


@executions.command(
    epilog=example(
        "botbus executions finish ID --output 3", "botbus executions finish ID --error x"
    )
)
@click.argument("id", type=RECORD_ID)
@click.option("--output", type=JSON_VALUE, help="JSON.")
@click.option("--error", help="Why it failed.")
@operator_option
@json_option
@on_the_bus
async def finish(
    bus: "Bus", id: str, output: Body | None, error: str | None, *, as_json: bool
) -> None:
    """Close the entry of a call: completed, or failed if there is an error."""
    entry = await bus.tool_executions.finish(id, output.value if output else None, error=error)
    show_record(entry, as_json=as_json)


_COLUMNS: list[Column[ToolExecution]] = [
    Column("execution", lambda one: one.id),
    Column("tool", lambda one: one.tool_name),
    Column("status", lambda one: one.status),
    Column("started (UTC)", lambda one: time_text(one.started_at)),
    Column("ms", lambda one: one.duration_ms, right=True),
    Column("error", lambda one: one.error, folds=True),
    Column("task", lambda one: one.task_id, wide=True),
]
