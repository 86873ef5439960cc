"""The command `botbus` and what all its sub-commands share.

Each sub-command lives in a module of its own and imports what it needs when it runs, so that
`botbus send` does not pay for the daemon, nor `botbus --help` for anything.
"""

import click

from botbus_cli.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="botbus", prog_name="botbus")
def main() -> None:
    """The message bus and durable-workflow daemon for the bots of one host."""


main.add_command(serve)
