"""A daemon whose settings are changed while it serves, and that tells when it has read them."""

import contextlib
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.daemon.notifying import notified, told
from tests.daemons import DaemonProcess


class Reloading(DaemonProcess):
    """A daemon that tells the test when it has read its settings anew."""

    def __init__(self, folder: Path, settings: str, listening: socket.socket) -> None:
        super().__init__(folder, settings=settings)
        self._listening = listening

    def environment(self) -> dict[str, str]:
        address = str(self._listening.getsockname())
        return {**super().environment(), "NOTIFY_SOCKET": address}

    def reload(self, settings: str) -> str:
        """Has other settings read; what the daemon logged about it."""
        before = len(self.log())
        self.config.write_text(settings)
        self.signal(signal.SIGHUP)
        while "RELOADING" not in told(self._listening):
            pass
        while "READY" not in told(self._listening):
            pass
        return self.log()[before:]


@contextlib.contextmanager
def reloading(settings: str) -> Iterator[Reloading]:
    """A daemon with these settings, in a folder that everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="bb-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with notified(folder) as listening, Reloading(folder, settings, listening) as daemon:
            yield daemon
            assert daemon.stop() == 0
