"""How fast each bot sends: a bucket of tokens for each, of which a message takes one.

Pure: whoever calls passes the time. A bucket that was not used for long is full, and need not be
remembered.
"""

from collections import OrderedDict

from botbus_daemon.charges.settings import BotLimits

BOTS = 10_000
"""Bots whose rate is remembered; the one that was quiet longest is forgotten."""


class Rates:
    def __init__(self, limits: BotLimits) -> None:
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self.limit(limits)

    def limit(self, limits: BotLimits) -> None:
        """From now on these limits hold."""
        self.per_second = limits.messages_per_second
        self._burst = float(limits.burst_messages)

    def wait(self, bot: str, now: float) -> float:
        """0.0 if a bot may send a message, which is then counted; else the seconds until it may."""
        if self.per_second <= 0:
            return 0.0
        tokens, since = self._buckets.pop(bot, (self._burst, now))
        tokens = min(self._burst, tokens + max(0.0, now - since) * self.per_second)
        allowed = tokens >= 1.0
        self._buckets[bot] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > BOTS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - tokens) / self.per_second

    def __len__(self) -> int:
        return len(self._buckets)
