"""What the daemon tells systemd: that it is ready, how it is, that it stops, and that it is alive.

The protocol is sd_notify(3): datagrams of `KEY=value` lines to the socket named by `NOTIFY_SOCKET`.
Without that variable nothing is sent. A watchdog ping leaves only after the event loop has turned and
the writer has gone through a transaction, and not while the disk fails: a daemon that hangs, or that
cannot keep anything, is restarted. One whose disk is only full is not: it still answers who reads.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from botbus_daemon.monitoring.health import Health

logger = logging.getLogger(__name__)

STATUS_SECONDS = 3.0
"""How long a line with figures stands, at the least."""
PING_SHARE = 0.4
"""Share of the watchdog's time after which the next ping is due: two may go missing."""


class Supervisor:
    """Whoever started the daemon and wants to know how it is."""

    def __init__(self, env: Mapping[str, str] = os.environ) -> None:
        self._address = env.get("NOTIFY_SOCKET", "")
        self.watchdog_seconds = _watchdog_seconds(env)
        self._said = ""
        self._said_at = 0.0

    def ready(self, status: str) -> None:
        """It serves."""
        self._said_at = time.monotonic()
        self._tell("READY=1", f"STATUS={status}")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._said = text
        self._tell(f"STATUS={text}")

    def _say(self, text: str) -> None:
        """The same, if it is not what was said last."""
        self._said_at = time.monotonic()
        if text != self._said:
            self.status(text)

    def reloading(self) -> None:
        """It reads its settings anew; `ready` ends that."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._tell("STOPPING=1", "STATUS=stopping")

    async def watch(self, health: Health, figures: Callable[[], str]) -> None:
        """Pings the watchdog as long as the daemon is well, or a restart would make nothing better.

        Beside it tells the figures, if they have changed. Returns at once if there is no watchdog.
        """
        if self.watchdog_seconds is None or not self._address:
            return
        while True:
            reason = await health.trouble()
            if reason is not None:
                self.status(f"unwell: {reason}")
            if reason is None or health.bearable(reason):
                self._tell("WATCHDOG=1")
            if reason is None and time.monotonic() - self._said_at >= STATUS_SECONDS:
                self._say(figures())
            await asyncio.sleep(self.watchdog_seconds * PING_SHARE)

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        # An abstract socket is written with @ for its leading zero byte.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.setblocking(False)
                out.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            logger.warning("the supervisor could not be told %s: %s", lines[0], error)


def _watchdog_seconds(env: Mapping[str, str]) -> float | None:
    """How often a sign of life is expected, if it is expected of this process."""
    pid = env.get("WATCHDOG_PID")
    with suppress(ValueError):
        if pid is None or int(pid) == os.getpid():
            return int(env.get("WATCHDOG_USEC", "")) / 1_000_000
    return None
