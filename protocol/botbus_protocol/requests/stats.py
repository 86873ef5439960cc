"""The request about what goes on in the daemon."""

from botbus_protocol.requests.request import Request, check_count


class Stats(Request, frozen=True, tag="stats"):
    """The daemon's figures."""

    mailboxes: int = 20
    """How many of the fullest mailboxes are listed, at most."""

    def __post_init__(self) -> None:
        check_count(self.mailboxes, "mailboxes")


StatsRequest = Stats
