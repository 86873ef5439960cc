"""The guard against bots that answer each other for ever.

Two rules, both about replies: a chain of replies may be so many hops long, and two bots that are deep
in a chain may exchange only so many messages a minute. Plain messages have no hops, and an ask with
its reply has one: neither ever meets the guard.
"""

from collections import OrderedDict

from msgspec import Struct

from botbus_daemon.bounds import AtLeastOne, Count

PAIRS = 10_000
"""Pairs of bots whose rate is remembered; the one that was quiet longest is forgotten."""


class LoopPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[loop_guard]` table of the settings."""

    max_hops: AtLeastOne = 32
    """The longest chain of replies."""
    free_hops: Count = 3
    """Chains up to this long are not counted for the rate."""
    replies_per_minute: Count = 600
    """Messages of longer chains that a pair of bots may exchange in a minute."""


class LoopGuard:
    """Decides whether a reply goes through. Keeps a bucket of tokens for each pair of bots."""

    def __init__(self, policy: LoopPolicy) -> None:
        self.policy = policy
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def objection(self, sender: str, recipient: str, hops: int, now: float) -> str | None:
        """Why this reply is refused, or None. `now` is in seconds of any steady clock."""
        if hops > self.policy.max_hops:
            return f"the chain of replies has {hops} hops and the limit is {self.policy.max_hops}"
        if hops > self.policy.free_hops and not self._take(sender, recipient, now):
            return (
                f"{sender} and {recipient} answer each other more than "
                f"{self.policy.replies_per_minute} times a minute"
            )
        return None

    def _take(self, sender: str, recipient: str, now: float) -> bool:
        pair = (sender, recipient) if sender < recipient else (recipient, sender)
        most = float(self.policy.replies_per_minute)
        tokens, since = self._buckets.pop(pair, (most, now))
        tokens = min(most, tokens + (now - since) * most / 60.0)
        allowed = tokens >= 1.0
        self._buckets[pair] = (tokens - 1.0 if allowed else tokens, now)
        if len(self._buckets) > PAIRS:
            self._buckets.popitem(last=False)
        return allowed
