"""What the branches of one run do at the moment: some work, some wait for what comes from outside.

A function may run several branches at a time. While one of them works, the run stays in its worker.
When all of them wait it is not worth a slot: the worker lets go of the run after a moment of
`patience`, and whoever is free takes it up when something has come. A moment, because another branch
may be about to begin something, and because an answer may be quick.
"""

from time import monotonic

SETTLE = 0.01
"""Seconds that are always left to branches that are about to go on."""
LINGER = 0.2
"""Seconds that a run waits in its worker for what may come quickly."""
QUICK = frozenset({"message", "child"})
"""Kinds of waits that may be over soon, whatever their time limit."""


def patience(kind: str, seconds: float | None, *, crowded: bool) -> float:
    """Seconds for which a wait is worth a slot; none if others want it."""
    if crowded:
        return SETTLE
    if kind in QUICK:
        return LINGER
    if kind == "sleep" and seconds is not None and seconds <= LINGER:
        return LINGER * 2
    return SETTLE


class Waits:
    """The state of the branches of one run; `stirs` counts what happens."""

    def __init__(self) -> None:
        self.busy = 0
        self.stirs = 0
        self._until: dict[str, float] = {}
        self._retry_at: dict[str, float] = {}

    def begin(self, step: str, seconds: float, retry_at: float | None = None) -> None:
        """A branch waits, with patience for so many seconds; `retry_at`: for a time of its own."""
        self.stirs += 1
        self._until[step] = monotonic() + seconds
        if retry_at is not None:
            self._retry_at[step] = retry_at

    def end(self, step: str) -> None:
        self.stirs += 1
        self._until.pop(step, None)
        self._retry_at.pop(step, None)

    @property
    def waiting(self) -> bool:
        """Whether any branch waits."""
        return bool(self._until)

    @property
    def idle(self) -> bool:
        """Whether all branches wait."""
        return not self.busy and bool(self._until)

    @property
    def left(self) -> float:
        """Seconds of patience that are left."""
        return max(SETTLE, max(self._until.values(), default=0.0) - monotonic())

    @property
    def retry_in(self) -> float | None:
        """Seconds until the first branch goes on that waits for a time of its own."""
        if not self._retry_at:
            return None
        return max(0.0, min(self._retry_at.values()) - monotonic())
