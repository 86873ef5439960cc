"""What is on disk of the steps of a run, and which of them its function has come to.

A step is known by its name, so a name may be used once in a run: a second step of the same name would
get the result of the first. While there is something in the memo that the function has not come to
yet, it only repeats what was done before.
"""

from collections.abc import Iterable

from botbus.errors import Invalid
from botbus_protocol.records import Step
from botbus_protocol.run_events import CRASHED
from botbus_protocol.timestamps import to_epoch


class Past:
    """The attempts of one step that count."""

    __slots__ = ("attempts", "failed_at", "failures", "last")

    def __init__(self) -> None:
        self.last: Step
        self.attempts = 0
        """The number of the last one."""
        self.failures = 0
        """How many of them failed by themselves, and not because their worker died."""
        self.failed_at = 0.0

    def add(self, step: Step) -> None:
        self.last = step
        self.attempts = step.attempt
        if step.status == "failed" and step.error != CRASHED:
            self.failures += 1
            self.failed_at = to_epoch(step.completed_at) if step.completed_at else 0.0

    @property
    def end(self) -> Step | None:
        """The attempt that finished the step; it is never run again."""
        return self.last if is_end(self.last) else None


class Memo:
    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self._past: dict[str, Past] = {}
        self._used: set[str] = set()
        self.add(steps)

    def add(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if not step.superseded:
                self._past.setdefault(step.step_id, Past()).add(step)

    @property
    def replaying(self) -> bool:
        """Whether the function has not yet come to all that was begun before."""
        return bool(self._past)

    def take(self, name: str) -> Past | None:
        """What is known of a step that the function has come to. Raises Invalid for a repeat."""
        if name in self._used:
            raise Invalid(
                f"step {name!r} is used twice in this run: a step is known by its name, so give each "
                f"one of its own, in a loop for example f'{name}-{{n}}'"
            )
        self._used.add(name)
        return self._past.pop(name, None)


def is_end(step: Step) -> bool:
    """Whether there will be no other attempt."""
    return step.status in {"completed", "skipped"} or (step.status == "failed" and step.final)
