"""What a bot is told when a limit is reached: which, what its figure is, and when to try again."""

from msgspec import Struct

from botbus_protocol.errors import Code, Refused

A_WHILE = 1.0
"""Seconds after which it is worth trying again at the earliest, where somebody has to make room."""


class Excess(Struct, frozen=True):
    """A limit that is reached."""

    limit: str
    """Its key in the settings."""
    figure: float
    retry_after: float = A_WHILE
    """Seconds."""

    def refusal(self, sentence: str) -> Refused:
        """As an error on the wire."""
        seconds = round(self.retry_after, 3)
        return Refused(
            Code.LIMIT,
            f"{sentence} ({self.limit}, which the operator can change): try again in {seconds:g} s",
            limit=self.limit,
            figure=self.figure,
            retry_after=seconds,
        )
