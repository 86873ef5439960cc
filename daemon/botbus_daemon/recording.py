"""The row that says what became of a delivery."""

from botbus_daemon.deliveries import OpenDelivery
from botbus_protocol import timestamps
from botbus_storage import clock
from botbus_storage.operations import RecordDelivery, StoredState


def row_of(
    delivery: OpenDelivery,
    bot_id: str,
    state: StoredState,
    *,
    due_in: float | None = None,
    attempts: int | None = None,
    reason: str | None = None,
) -> RecordDelivery:
    """The row of a delivery that is in this state, or is to be.

    `due_in` is in seconds from now: when its lease ends, or when it is offered again.
    """
    return RecordDelivery(
        seq=delivery.seq,
        bot_id=bot_id,
        state=state,
        attempts=delivery.attempts if attempts is None else attempts,
        lease=delivery.lease,
        holder_pid=delivery.holder_pid,
        first_fetched_at=delivery.first_fetched_at,
        fetched_at=delivery.fetched_at,
        due_at=None if due_in is None else timestamps.from_epoch(clock.now() + due_in),
        reason=reason,
    )
