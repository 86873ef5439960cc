"""Real daemons for the tests: a process, a socket and a database in a folder of their own."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 20.0


class DaemonProcess:
    """A daemon that runs `botbus serve` in a folder; as a context manager it is ended at exit.

    Given `settings`, the text of a settings file, it reads them from `config`.
    """

    def __init__(self, folder: Path, *options: str, settings: str | None = None) -> None:
        self.folder = folder
        self.socket = folder / "bus.sock"
        self.database = folder / "bus.db"
        self.url = f"ipc://{self.socket}"
        self.config = folder / "botbus.toml"
        self.options = options
        self.process: subprocess.Popen[str] | None = None
        if settings is not None:
            self._configure(settings)

    def _configure(self, settings: str) -> None:
        self.config.write_text(settings)
        if "--config" not in self.options:
            self.options = ("--config", str(self.config), *self.options)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> Self:
        """Starts the daemon and waits for the line that says it is ready."""
        with (self.folder / "daemon.log").open("a") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self.environment(),
            )
        line = self._read_line(time.monotonic() + START_SECONDS)
        assert " serves " in line, f"the daemon did not start: {line!r} {self.log()}"
        return self

    def command(self) -> list[str]:
        serve = [sys.executable, "-m", "botbus_cli", "serve"]
        return [*serve, "--url", self.url, "--database", str(self.database), *self.options]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1"}

    def _read_line(self, deadline: float) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], deadline - time.monotonic())
        return self.process.stdout.readline() if ready else ""

    def log(self) -> str:
        return (self.folder / "daemon.log").read_text()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self, timeout: float = 10.0) -> int:
        """Waits for the end of the process; its exit code."""
        assert self.process is not None
        code = self.process.wait(timeout)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def stop(self) -> int:
        """Ends the daemon as systemd would."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def restart(self, settings: str) -> None:
        """Ends the daemon, and starts it with these settings."""
        self.stop()
        self._configure(settings)
        self.start()

    def kill(self) -> None:
        """Ends the daemon as a crash would."""
        self.signal(signal.SIGKILL)
        self.wait()

    def _end(self) -> None:
        """Quickly; but one that is measured (`make coverage`) is let tell what it has run."""
        if "COVERAGE_RUN" not in os.environ:
            self.kill()
            return
        self.signal(signal.SIGTERM)
        try:
            self.wait()
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self._end()
        elif self.process is not None:
            self.wait()
