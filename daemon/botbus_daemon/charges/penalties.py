"""How long a bot that goes on beyond a limit is not listened to: refusing it must cost nobody else.

Pure: whoever calls passes the time. A refusal costs the daemon some microseconds; for each its bot
waits a few hundred times as long, over all its connections, so that a flood takes less than a hundredth
of the daemon's time. To be refused now and then is hardly felt.
"""

SECONDS = 0.004
"""For each refusal."""
MOST_SECONDS = 5.0
"""However many refusals there were."""
BOTS = 10_000
"""Bots that are remembered before those whose time is over are forgotten."""


class Penalties:
    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def add(self, bot: str, now: float) -> float:
        """A bot is refused; the time until which it is not listened to."""
        begin = max(now, self._until.get(bot, now))
        until = self._until[bot] = min(begin + SECONDS, now + MOST_SECONDS)
        if len(self._until) > BOTS:
            self._until = {b: t for b, t in self._until.items() if t > now}
        return until

    def __len__(self) -> int:
        return len(self._until)
