"""A daemon of one's own: a real process, started for a measurement and ended after it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.lines import Lines, Silence

START_SECONDS = 60.0
STOP_SECONDS = 10.0
TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """A process that is watched from outside."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def cpu_seconds(self) -> float:
        """Seconds of processor time used so far, in steps of 10 ms."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss(self) -> float:
        """Megabytes of memory in use."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1000


class Daemon(Process):
    """A running daemon. `ready_seconds` is how long it took from start to ready."""

    def __init__(self, pid: int, url: str, ready_seconds: float) -> None:
        super().__init__(pid)
        self.url = url
        self.ready_seconds = ready_seconds


@contextmanager
def serving(database: Path, socket: Path) -> Iterator[Daemon]:
    """A daemon on a database, stopped at the end. Raises Silence if it does not come up."""
    url = f"ipc://{socket}"
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "botbus_cli", "serve", "--url", url, "--database", str(database)],
        stdout=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "BOTBUS_CONFIG": os.devnull},
    )
    try:
        assert process.stdout is not None
        line = Lines(process.stdout).next(START_SECONDS)
        if b" serves " not in line:
            raise Silence(f"the daemon said {line.decode()!r} instead of being ready")
        yield Daemon(process.pid, url, time.monotonic() - begun)
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process gently, or by force when it takes too long."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
