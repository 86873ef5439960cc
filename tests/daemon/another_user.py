"""Another user of the host, who is real: a process that has given root's rights up.

So the tests that need one are marked `needs_root`, and their daemons lie where everybody may enter.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import DaemonProcess

NOBODY = 65534
BECOME_NOBODY = f"""
import encodings.idna, json, os, sys
import anyio._backends._asyncio, anyio.from_thread
import botbus
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
"""

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")


def as_nobody(code: str, *arguments: str) -> str:
    """What a program prints that has become another user before it does anything.

    It gives root up only once it runs, since the interpreter may lie where only root reads.
    """
    done = subprocess.run(
        [sys.executable, "-c", BECOME_NOBODY + code, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@contextlib.contextmanager
def open_daemon(settings: str = "") -> Iterator[DaemonProcess]:
    """A daemon with these settings, in a folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with DaemonProcess(folder, settings=settings) as running:
            yield running
