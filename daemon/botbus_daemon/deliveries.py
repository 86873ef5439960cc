"""One open delivery: a message at one recipient, between being gathered and being settled.

Its states are a table: what may follow what is written here and nowhere else (docs/delivery.md draws
it). `ready` can be handed out now; `leased` is with a connection until its deadline; `waiting` comes
back when it is due; `settling` is on its way to the disk with its verdict, and only that decides.
"""

from typing import Any, Literal

from botbus_protocol.records import Message

State = Literal["ready", "leased", "waiting", "settling", "gone"]

MOVES: dict[State, frozenset[State]] = {
    "ready": frozenset({"leased", "waiting", "settling", "gone"}),
    "leased": frozenset({"ready", "waiting", "settling", "gone"}),
    "waiting": frozenset({"ready", "settling", "gone"}),
    "settling": frozenset({"ready", "leased", "waiting", "settling", "gone"}),
    "gone": frozenset(),
}


class OpenDelivery:
    """What the daemon remembers of an unsettled delivery. Times are of the event loop's clock."""

    __slots__ = (
        "attempts",
        "deadline",
        "fetched_at",
        "first_fetched_at",
        "holder",
        "holder_pid",
        "lease",
        "message",
        "recorded",
        "seq",
        "state",
        "ticket",
        "was",
    )

    def __init__(self, seq: int, message: Message | None = None) -> None:
        self.seq = seq
        self.message = message
        """None if it has to be read from disk again."""
        self.state: State = "ready"
        self.was: State = "ready"
        """Settling: what it is again if its verdict cannot be written."""
        self.attempts = 0
        self.lease: str | None = None
        """The lease it has or had last."""
        self.holder: Any = None
        """The session that holds the lease."""
        self.holder_pid: int | None = None
        self.ticket = ""
        """The fetch that it was handed to."""
        self.deadline = 0.0
        """Leased: when the lease ends. Waiting: when it is due."""
        self.first_fetched_at: str | None = None
        self.fetched_at: str | None = None
        self.recorded = False
        """Whether the disk knows of its present state."""

    def move(self, state: State) -> None:
        """Goes to another state. A move that the table does not have is a defect of the daemon."""
        if state not in MOVES[self.state]:
            raise RuntimeError(f"delivery {self.seq}: {self.state} -> {state} is not a move")
        self.state = state
