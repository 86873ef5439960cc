"""A daemon whose settings are changed while it serves, and that tells when it has read them."""

import contextlib
import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.daemons import DaemonProcess


def told(listening: socket.socket) -> dict[str, str]:
    """What the daemon says next to whoever started it."""
    lines = listening.recv(4096).decode().splitlines()
    return dict(line.split("=", 1) for line in lines)


class Reloading(DaemonProcess):
    """Its settings file is `config`; its log is what it has said since it was last asked."""

    def __init__(self, folder: Path, settings: str, notified: socket.socket) -> None:
        self.config = folder / "botbus.toml"
        self.config.write_text(settings)
        super().__init__(folder, "--config", str(self.config))
        self._notified = notified

    def environment(self) -> dict[str, str]:
        address = str(self._notified.getsockname())
        return {**super().environment(), "NOTIFY_SOCKET": address}

    def reload(self, settings: str) -> str:
        """Has other settings read; what the daemon logged about it."""
        before = len(self.log())
        self.config.write_text(settings)
        self.signal(signal.SIGHUP)
        while "RELOADING" not in told(self._notified):
            pass
        while "READY" not in told(self._notified):
            pass
        return self.log()[before:]


@contextlib.contextmanager
def reloading(settings: str) -> Iterator[Reloading]:
    """A daemon with these settings, in a folder that everybody may enter."""
    with (
        tempfile.TemporaryDirectory(prefix="bb-") as name,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        notified.bind(os.fspath(folder / "notify"))
        notified.settimeout(10)
        with Reloading(folder, settings, notified) as daemon:
            yield daemon
            assert daemon.stop() == 0
