"""When a delivery that failed is offered again, and when it is given up."""

from msgspec import Struct

from botbus_daemon.bounds import AtLeastOne, Seconds


class DeliveryPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[delivery]` table of the settings."""

    max_deliveries: AtLeastOne = 10
    """Attempts after which a message becomes a dead letter."""
    backoff_seconds: Seconds = 1.0
    """Wait before the third attempt; it doubles for each one after. The second comes at once."""
    backoff_limit_seconds: Seconds = 60.0
    max_in_flight: AtLeastOne = 10_000
    """Deliveries of one bot that may be unsettled at the same time."""


def backoff(policy: DeliveryPolicy, attempts: int) -> float:
    """Seconds until the next attempt, after so many failed ones."""
    if attempts <= 1:
        return 0.0
    doublings = min(attempts - 2, 60)
    return min(policy.backoff_limit_seconds, policy.backoff_seconds * 2.0**doublings)


def exhausted(policy: DeliveryPolicy, attempts: int) -> bool:
    return attempts >= policy.max_deliveries
