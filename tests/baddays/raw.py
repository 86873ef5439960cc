"""Connections without manners: bytes on a Unix socket."""

import contextlib
import socket

from tests.daemons import DaemonProcess

GREETING = b"\0SP\0\0\x30\0\0"
"""What a client of NNG's REQ says first."""


def connected(daemon: DaemonProcess, *, greet: bool = True) -> socket.socket:
    """A connection, which the caller closes; greeted, or silent."""
    raw = socket.socket(socket.AF_UNIX)
    try:
        raw.connect(str(daemon.socket))  # waits while the daemon's backlog is full
        raw.settimeout(20)
        with contextlib.suppress(BrokenPipeError):  # it may be hung up on at once
            raw.sendall(GREETING if greet else b"")
    except BaseException:
        raw.close()
        raise
    return raw


def request(number: int, frame: bytes) -> bytes:
    """A frame as NNG sends it; each has a number of its own."""
    message = (0x80000000 + number).to_bytes(4, "big") + frame
    return b"\x01" + len(message).to_bytes(8, "big") + message


def is_served(raw: socket.socket) -> bool:
    """Whether the other side greets, and does not hang up."""
    with contextlib.suppress(ConnectionError):
        return raw.recv(8) != b""
    return False
