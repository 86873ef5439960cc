"""Starts that are refused."""

import subprocess

from tests.daemons import DaemonProcess


def refused(daemon: DaemonProcess) -> str:
    """The one line that a daemon says when it cannot start."""
    ended = subprocess.run(
        daemon.command(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env=daemon.environment(),
    )
    assert ended.returncode == 1, ended
    assert ended.stderr.startswith("botbus: ")
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr
