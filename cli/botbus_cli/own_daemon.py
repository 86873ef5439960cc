"""A daemon that a command starts for itself, to try or to measure something: with default settings.

The operator's settings are for the operator's daemon: their limits would falsify what is measured, and
the place of `[http]` is taken while that one serves.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from botbus_cli.ending import Failed


def started(url: str, database: Path) -> "subprocess.Popen[bytes]":
    """A daemon that serves. Raises Failed if it does not start; it has told why by itself."""
    process = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-m", "botbus_cli", "serve", "--url", url, "--database", str(database)],
        stdout=subprocess.PIPE,
        env={**os.environ, "BOTBUS_CONFIG": os.devnull},
    )
    if process.stdout is None or not process.stdout.readline():
        process.kill()
        process.communicate()
        raise Failed("unavailable", f"the daemon for it did not start in {database.parent}")
    return process


@contextmanager
def served(url: str, database: Path) -> Iterator[None]:
    """A daemon serves until the block ends. Raises Failed if it does not start."""
    process = started(url, database)
    try:
        yield
    finally:
        process.terminate()
        process.communicate()
