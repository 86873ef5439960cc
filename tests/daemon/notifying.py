"""The socket on which a daemon tells whoever started it how it is, as it tells systemd."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def notified(folder: Path) -> Iterator[socket.socket]:
    """Listens in a folder; `NOTIFY_SOCKET` is to be its name."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(folder / "notify"))
        listening.settimeout(10)
        yield listening


def told(listening: socket.socket) -> dict[str, str]:
    """What the daemon says next."""
    lines = listening.recv(4096).decode().splitlines()
    return dict(line.split("=", 1) for line in lines)
