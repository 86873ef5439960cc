"""How fast figures grow: the difference of two readings, by the daemon's own clock."""

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from botbus_protocol.replies import Figures


class Rates(Struct, frozen=True, kw_only=True):
    """A second, over the time between the readings."""

    seconds: float
    """That lay between them."""
    requests: float
    messages: float
    deliveries: float
    steps: float
    refused: float
    commits: float
    operations: float
    by_operation: dict[str, float]
    """Requests by their operation, those that were made."""


def rates_between(before: "Figures", after: "Figures") -> Rates | None:
    """None if the daemon was started anew between them."""
    seconds = after.uptime_seconds - before.uptime_seconds
    if before.boot != after.boot or before.pid != after.pid or seconds <= 0:
        return None
    was, now = before.traffic, after.traffic
    made = {op: count - was.requests.get(op, 0) for op, count in now.requests.items()}
    return Rates(
        seconds=seconds,
        requests=sum(made.values()) / seconds,
        messages=(now.messages - was.messages) / seconds,
        deliveries=(now.deliveries - was.deliveries) / seconds,
        steps=(now.steps - was.steps) / seconds,
        refused=(sum(now.refused.values()) - sum(was.refused.values())) / seconds,
        commits=(after.commits.count - before.commits.count) / seconds,
        operations=(after.commits.operations - before.commits.operations) / seconds,
        by_operation={op: count / seconds for op, count in made.items() if count},
    )
