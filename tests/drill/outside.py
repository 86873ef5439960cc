"""The world outside: one file that workers leave lines in, in the order in which things happened.

`did RUN STEP VALUE` says that a step was carried out and made a value of its own; `told RUN STEP VALUE`
that its worker went on with that value, which the daemon has acknowledged by then.
"""

import os
from collections import defaultdict
from pathlib import Path

Step = tuple[str, str]
"""A run, and the name of one of its steps."""


class Outside:
    """Lines are appended whole, whoever writes at the same time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def leave(self, what: str, run: str, step: str, value: str) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(descriptor, f"{what} {run} {step} {value}\n".encode())
        finally:
            os.close(descriptor)

    def told(self) -> dict[Step, set[str]]:
        """The values that workers went on with."""
        found: dict[Step, set[str]] = defaultdict(set)
        for what, step, value in self._lines():
            if what == "told":
                found[step].add(value)
        return found

    def done_again(self) -> list[Step]:
        """Steps that were carried out after they had been acknowledged."""
        told: set[Step] = set()
        again: list[Step] = []
        for what, step, _ in self._lines():
            if what == "told":
                told.add(step)
            elif step in told:
                again.append(step)
        return again

    def done(self) -> dict[Step, set[str]]:
        """The values that steps have made, whether they were acknowledged or not."""
        found: dict[Step, set[str]] = defaultdict(set)
        for what, step, value in self._lines():
            if what == "did":
                found[step].add(value)
        return found

    def _lines(self) -> list[tuple[str, Step, str]]:
        words = (line.split() for line in self._path.read_text().splitlines())
        return [(what, (run, step), value) for what, run, step, value in words]
