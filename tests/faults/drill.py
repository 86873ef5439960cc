"""What the fault tests share: a daemon, worker processes, and the outside file."""

import select
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

import botbus
from tests.daemons import DaemonProcess
from tests.faults.worker import STEPS

SECONDS = 30.0
RESULT = [number * 10 for number in range(STEPS)]


class WorkerProcess:
    """A worker, killed at the end of the block if it still lives."""

    def __init__(self, daemon: DaemonProcess, effects: Path, stop_at: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.worker", daemon.url, str(effects), stop_at],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.expect("working")

    def expect(self, word: str) -> None:
        """Waits until the worker says a word."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        said = self.process.stdout.readline().strip() if ready else "nothing"
        assert said == word

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def begin_runs(daemon: DaemonProcess, count: int = 1) -> list[str]:
    with botbus.connect_sync("planner", url=daemon.url) as bus:
        return [bus.runs.create("drill", {"number": number}).id for number in range(count)]


def results(daemon: DaemonProcess, runs: list[str]) -> list[object]:
    """What the runs returned, once they have ended."""
    with botbus.connect_sync("planner", url=daemon.url) as bus:
        ended = [bus.runs.wait(run, SECONDS) for run in runs]
        assert {run.status for run in ended} == {"completed"}, ended
        return [run.result for run in ended]


def counted(effects: Path, run: str) -> Counter[str]:
    """How often each effect of a run was left."""
    lines = (line.split() for line in effects.read_text().splitlines())
    return Counter(what for of, what, _ in lines if of == run)


def once_each() -> Counter[str]:
    return Counter(f"{end}:{n}" for n in range(STEPS) for end in ("begin", "end"))


def after_stop(point: str) -> Counter[str]:
    """What the guarantee says for a holder that died at a point: all effects once, and of a step that
    was not acknowledged what had happened of it once more.
    """
    expected = once_each()
    where, _, number = point.partition(":")
    if where == "within":
        expected[f"begin:{number}"] += 1
    return expected
