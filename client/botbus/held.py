"""A message in a bot's hands, as a value.

The asynchronous and the blocking delivery of the same message share one `Hold`, where it is written
down that it is settled, until when it is held, and the id that its answer will have.
"""

from collections.abc import Callable
from time import monotonic

from botbus_protocol import records
from botbus_protocol.grammar import new_id
from botbus_protocol.records import Message


class Hold:
    """How a delivery stands at this client."""

    __slots__ = (
        "_released",
        "connection",
        "ends",
        "lease_expires_at",
        "record",
        "reply_id",
        "settled",
    )

    def __init__(
        self,
        record: records.Delivery,
        lease: float,
        connection: int,
        released: Callable[["Hold"], None] | None = None,
    ) -> None:
        self.record = record
        self.connection = connection
        self.lease_expires_at = record.lease_expires_at
        self.ends = monotonic() + lease
        self.settled = False
        self.reply_id = new_id()
        self._released = released

    def settle(self) -> None:
        self.settled = True
        self.release()

    def release(self) -> None:
        """It is not held here any more, whether settled or lost."""
        if self._released is not None:
            self._released(self)
            self._released = None


class Held:
    """A delivery as a value: the message, which attempt it is, and until when it is held here."""

    __slots__ = ("hold",)

    def __init__(self, hold: Hold) -> None:
        self.hold = hold

    @property
    def message(self) -> Message:
        return self.hold.record.message

    @property
    def attempt(self) -> int:
        """1 at the first delivery."""
        return self.hold.record.attempt

    @property
    def lease(self) -> str:
        """The word by which the daemon knows that this delivery is held here."""
        return self.hold.record.lease

    @property
    def lease_expires_at(self) -> str:
        """RFC 3339 UTC: when it is offered again, unless it is settled or extended before."""
        return self.hold.lease_expires_at

    def __repr__(self) -> str:
        message = self.message
        kind = type(self).__name__
        return f"<{kind} of {message.type!r} from {message.sender}, attempt {self.attempt}>"
