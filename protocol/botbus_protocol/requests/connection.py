"""The requests about who is here."""

from botbus_protocol.requests.request import Request, check_count


class Hello(Request, frozen=True, tag="hello"):
    """Says who connects; told in return: limits, versions, the daemon's start number."""

    client: str = ""
    """Name and version of the client library, for the operator."""


class ListBots(Request, frozen=True, tag="list_bots"):
    after: str = ""
    limit: int = 100
    connected: bool = False
    """Only bots that are connected now."""

    def __post_init__(self) -> None:
        check_count(self.limit, "limit")


ConnectionRequest = Hello | ListBots
