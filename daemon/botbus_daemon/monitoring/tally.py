"""What is counted as it goes by, on the event loop; each count costs an addition.

Whoever does a thing counts it. Nothing here is ever read to decide anything.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from time import monotonic

from botbus_protocol.errors import Code, Fault
from botbus_protocol.records import Traffic
from botbus_protocol.requests import Request

_OF_LIMITS = {Code.LIMIT.value, Code.TOO_LARGE.value}
"""Codes of errors whose details name the `limit`."""


class Tally:
    """Counts since the daemon began to serve; `head` is the newest message of before."""

    def __init__(self, head: int) -> None:
        self.began = monotonic()
        self.requests: dict[type[Request], int] = defaultdict(int)
        self.refused: Counter[str] = Counter()
        self.limited: Counter[str] = Counter()
        self.deliveries = 0
        self.steps = 0
        self._head = head

    def refuse(self, answers: Iterable[object]) -> None:
        """Counts the errors among some answers."""
        for answer in answers:
            if isinstance(answer, Fault):
                self.refused[answer.code] += 1
                if answer.code in _OF_LIMITS and (limit := (answer.details or {}).get("limit")):
                    self.limited[limit] += 1

    def traffic(self, head: int, denied: int) -> Traffic:
        """All of it; `head` is the newest message of now."""
        return Traffic(
            requests={str(op.__struct_config__.tag): count for op, count in self.requests.items()},
            refused=dict(self.refused),
            limited=dict(self.limited),
            denied=denied,
            messages=head - self._head,  # each message has the number that follows the one before
            deliveries=self.deliveries,
            steps=self.steps,
        )
