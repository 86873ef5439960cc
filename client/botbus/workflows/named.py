"""What a run knows of itself, and the names by which the things that it does are found again."""

from typing import Any

from botbus.errors import Invalid
from botbus.workflows.context import Context
from botbus.workflows.execution import Execution
from botbus.workflows.memo import Past
from botbus.workflows.replay_log import RunLogger
from botbus_protocol.requests import MAX_KEY


class Named:
    """The part of a `Run` that all others stand on."""

    def __init__(self, execution: Execution) -> None:
        record = execution.record
        self._execution = execution
        self._derived: set[str] = set()
        self.id: str = record.id
        self.workflow: str = record.workflow
        self.version: str = record.version
        self.input: Any = record.input
        self.attempt: int = record.attempt
        """How often the run has been claimed, this time included."""
        self.key: str | None = record.key
        self.context: Context = execution.context
        """A map for whoever looks at the run; changes travel with the next checkpoint."""
        self.logger = RunLogger(record.workflow, record.id, execution.memo)
        """Silent while the function only repeats what it did before."""

    @property
    def cancelled(self) -> bool:
        """Whether the run was taken from this worker; for plain functions that take long."""
        return self._execution.grip.over

    @property
    def replaying(self) -> bool:
        """Whether the function only repeats what it did before."""
        return self._execution.memo.replaying

    def _take(self, name: Any) -> Past | None:
        if not isinstance(name, str) or not 0 < len(name) <= MAX_KEY:
            raise Invalid(f"a step is named by a text of 1 to {MAX_KEY} characters, not {name!r}")
        return self._execution.memo.take(name)

    def _once(self, kind: str, name: str) -> str:
        what = f"{kind}:{name}"
        if what in self._derived:
            raise Invalid(
                f"run.{kind}({name!r}) is used twice in this run and would be the same again: give "
                f"each a name of its own, run.{kind}('ticket') for example"
            )
        self._derived.add(what)
        return what
