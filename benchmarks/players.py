"""Players, from outside: processes that perform acts when they are told to.

An act is an async function in a module of `benchmarks`; its first argument is `Ready`, which it calls
when everything is in place. What goes between the processes is one line of JSON for each: the call,
"ready", and the figures.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec

from benchmarks.daemons import Process, end
from benchmarks.figures import Measured
from benchmarks.lines import Lines

ACT_SECONDS = 60.0
"""An act that takes longer has failed, and the run with it."""

Ready = Callable[[], None]
P = ParamSpec("P")
Act = Callable[Concatenate[Ready, P], Awaitable[Measured]]


class Player(Process):
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        super().__init__(process.pid)
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin = process.stdin
        self._lines = Lines(process.stdout)

    def begin(self, act: Act[P], *args: P.args, **kwargs: P.kwargs) -> None:
        """Starts an act; returns when it is ready. Raises Silence."""
        call = {"module": act.__module__, "name": act.__name__, "args": args, "kwargs": kwargs}
        self._stdin.write(json.dumps(call).encode() + b"\n")
        self._read("ready")

    def finish(self) -> Measured:
        """What the act that was begun has measured. Raises Silence."""
        measured: Measured = self._read("measured")
        return measured

    def perform(self, act: Act[P], *args: P.args, **kwargs: P.kwargs) -> Measured:
        """An act from beginning to end. Raises Silence."""
        self.begin(act, *args, **kwargs)
        return self.finish()

    def kill(self) -> None:
        """Ends it in the middle of whatever it does."""
        os.kill(self.pid, signal.SIGKILL)

    def _read(self, what: str) -> Any:
        return json.loads(self._lines.next(ACT_SECONDS))[what]


@contextmanager
def player() -> Iterator[Player]:
    """A player, ended at the end. What it has to complain about goes to stderr."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.player"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield Player(process)
    finally:
        end(process)
