"""The command `botbus`: the table of its sub-commands.

Each sub-command lives in a module of its own that is imported when it is named, and imports what it
needs when it runs, so that `botbus send` does not pay for the daemon.
"""

import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from keyword import iskeyword
from typing import Any, NoReturn

import click

from botbus_cli.ending import end
from botbus_cli.options import url_option

COMMANDS = {
    "serve": "serve",
    "send": "sending",
    "publish": "sending",
    "ask": "asking",
    "listen": "mailbox",
    "wait": "mailbox",
    "tail": "tail",
    "history": "history",
    "message": "message",
    "bots": "bots",
    "channel": "channel",
    "dead": "dead",
    "workflow": "workflow",
    "run": "run",
    "workstream": "workstream",
    "session": "session",
    "task": "task",
    "executions": "executions",
    "connections": "connections",
    "config": "config",
    "migrate": "migrate",
    "doctor": "doctor",
    "stats": "stats",
    "top": "top",
    "policy": "policy",
    "backup": "backup",
    "restore": "restore",
    "export": "export",
    "import": "importing",
    "compact": "compact",
    "install-service": "install_service",
    "bench": "bench",
}
"""Which module each sub-command lives in; `--help` shows them in this order."""


class Botbus(click.Group):
    """The group of all sub-commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"botbus_cli.{COMMANDS[cmd_name]}")
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(module, f"{name}_" if iskeyword(name) else name)
        return command

    def main(  # type: ignore[override] # there is no other mode
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        **_: Any,
    ) -> NoReturn:
        """Does what the arguments say and ends the process."""
        name = prog_name or "botbus"
        self._main_shell_completion({}, name, complete_var)
        end(partial(self._run, list(sys.argv[1:] if args is None else args), name))

    def _run(self, args: list[str], name: str) -> None:
        with self.make_context(name, args) as ctx:
            self.invoke(ctx)


@click.group(cls=Botbus, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="botbus", prog_name="botbus")
@url_option
def main(url: str | None) -> None:
    """The message bus and durable-workflow daemon for the bots of one host.

    Exit codes: 0 done, 1 refused, 2 wrong usage, 3 no daemon at that URL, 4 timed out.
    """
