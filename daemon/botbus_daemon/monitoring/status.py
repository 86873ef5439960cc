"""The line for `systemctl status`: who is here, how much goes through, how quick the disk is."""

from time import monotonic

from botbus_daemon.broker import Broker


class Status:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._then = monotonic()
        self._messages = broker.streams.head

    def line(self) -> str:
        """The figures of now; messages a second since this was asked before."""
        broker, now, messages = self._broker, monotonic(), self._broker.streams.head
        rate = (messages - self._messages) / max(now - self._then, 0.001)
        self._then, self._messages = now, messages
        bots = broker.presence.count()
        (p99,) = broker.store.commits.quantiles(0.99)
        return (
            f"serves {broker.settings.url}: {bots} bot{'' if bots == 1 else 's'}, "
            f"{rate:.0f} messages/s, commit p99 {p99 * 1000:.1f} ms"
        )
