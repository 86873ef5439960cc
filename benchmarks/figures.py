"""Figures: what was measured, by name, with the value of each round.

A name is a path such as `send.64.rate`; its last part tells the unit.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence

UNITS = {
    "rate": "/s",
    "p50": "µs",
    "p99": "µs",
    "cpu": "µs",
    "ready": "ms",
    "rss": "MB",
    "busy": "s",
    "count": "",
}
"""The last part of a name, and what is counted in. `cpu` is that of one process for one message."""

Measured = dict[str, float]
"""Figures of one measurement."""


class Figures:
    """Gathers values round by round."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}

    def add(self, measured: Mapping[str, float], prefix: str = "") -> None:
        for name, value in measured.items():
            self.values.setdefault(f"{prefix}{name}", []).append(value)

    def median(self, name: str) -> float | None:
        """The median over the rounds; None for what was not measured."""
        values = self.values.get(name)
        return statistics.median(values) if values else None

    @property
    def rounds(self) -> int:
        """How many there were."""
        return max(map(len, self.values.values()), default=0)

    def of_round(self, name: str, place: int) -> float | None:
        """A round's value; the median of what was not measured once in each."""
        values = self.values.get(name, [])
        return values[place] if len(values) == self.rounds else self.median(name)


def quotient(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over the rounds, in each of which a disturbance hits both alike."""
    if len(ours) != len(theirs):
        return statistics.median(ours) / statistics.median(theirs)
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def unit(name: str) -> str:
    return UNITS[name.rpartition(".")[2]]


def latencies(nanoseconds: Iterable[int]) -> Measured:
    """`p50` and `p99` in microseconds."""
    ordered = sorted(nanoseconds)
    return {"p50": percentile(ordered, 0.50) / 1e3, "p99": percentile(ordered, 0.99) / 1e3}


def percentile(ordered: Sequence[int], share: float) -> float:
    """The value below which that share of an ordered sequence lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def rate(count: int, nanoseconds: int) -> Measured:
    """`rate` a second."""
    return {"rate": count / max(nanoseconds, 1) * 1e9}
