"""What the oracle of test_mailbox.py believes in: as little as possible."""

from botbus_daemon.deliveries import OpenDelivery
from botbus_protocol.records import Message


class Truth:
    """What the oracle knows of one message."""

    def __init__(self, message: Message, source: str) -> None:
        self.message = message
        self.source = source
        self.settled = False
        """Acked, dead, recalled: it has a final row, and is never handed out again."""
        self.holder: str | None = None
        self.attempts = 0
        self.handed_out = False
        self.due = 0.0
        self.lease_end = 0.0


class Row:
    """What is on disk of an open delivery."""

    def __init__(self, delivery: OpenDelivery) -> None:
        self.state = delivery.state
        self.attempts = delivery.attempts
        self.lease = delivery.lease
        self.due = delivery.deadline
