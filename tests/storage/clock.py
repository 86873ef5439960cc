"""The time of an engine, as a test sets it."""

from botbus_protocol import timestamps

START = 1_800_000_000.0


class Clock:
    """Seconds since 1970; it stands still until somebody turns it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def text(self, after: float = 0.0) -> str:
        return timestamps.from_epoch(self.now + after)
