"""How often the daemon asks the disk to keep what was written, counted by the kernel (strace).

Counted, not timed: under strace everything is slow. Where strace is not installed nothing is counted.
"""

import shutil
import subprocess
import time
from pathlib import Path

from benchmarks.acts import sending
from benchmarks.daemons import serving
from benchmarks.figures import Measured
from benchmarks.lines import Silence
from benchmarks.stage import Stage

CALLS = "fsync,fdatasync,sync_file_range,msync"
ATTACH_SECONDS = 10.0


def counted(stage: Stage) -> Measured:
    """Syncs for a thousand messages, sent one at a time, and 64 at once."""
    tracer = shutil.which("strace")
    if tracer is None:
        return {}
    figures: Measured = {}
    for at_once, count in ((1, stage.sizes.singles), (64, stage.sizes.messages)):
        with stage.places.room() as room:
            sent = count + max(int(count * sending.WARM_UP), at_once)
            figures[f"syncs.{at_once}.count"] = (
                _syncs(stage, room, tracer, count, at_once) * 1000 / sent
            )
    return figures


def _syncs(stage: Stage, room: Path, tracer: str, count: int, at_once: int) -> int:
    log = room / "calls"
    with serving(room / "bus.db", stage.places.socket()) as daemon:
        options = ["-f", "-qq", "-e", f"trace={CALLS}", "-o", str(log), "-p", str(daemon.pid)]
        process = subprocess.Popen([tracer, *options])
        try:
            _attached(process, daemon.pid)
            stage.first.perform(sending.send, daemon.url, "absent", count, at_once)
        finally:
            process.terminate()
            process.wait()
    return sum(line.count("sync(") for line in log.read_text().splitlines())


def _attached(process: "subprocess.Popen[bytes]", pid: int) -> None:
    """Waits until the tracer has the process. Raises Silence."""
    deadline = time.monotonic() + ATTACH_SECONDS
    status = Path(f"/proc/{pid}/status")
    while f"TracerPid:\t{process.pid}" not in status.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Silence("strace could not watch the daemon")
        time.sleep(0.01)
