"""The command `botbus` as a process: run to its end, or started and watched."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

SECONDS = 20.0


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[Any]:
        """What `--json` printed: one object a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def object(self) -> Any:
        (only,) = self.objects
        return only


class Botbus:
    """Runs the command as a user would who has set BOTBUS_URL."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, *words: str, stdin: str | bytes = "") -> Outcome:
        done = subprocess.run(
            self._command(words),
            input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True,
            env=self._env(),
            timeout=SECONDS,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    @contextmanager
    def started(
        self, *words: str, stdout: int = subprocess.PIPE
    ) -> Iterator["subprocess.Popen[str]"]:
        """The command while it runs; what is left of it at the end is killed."""
        process = subprocess.Popen(
            self._command(words),
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            env=self._env(),
        )
        with process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "botbus_cli", *words]

    def _env(self) -> dict[str, str]:
        """Pipes are not buffered beyond the command's own flush; a warning is an error."""
        ours = {"BOTBUS_URL": self.url, "PYTHONWARNINGS": "error"}
        theirs = {k: v for k, v in os.environ.items() if not k.startswith("BOTBUS_")}
        return {k: v for k, v in theirs.items() if k not in {"COLUMNS", "NO_COLOR"}} | ours
