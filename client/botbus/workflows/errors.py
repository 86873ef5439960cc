"""What becomes of steps and runs that end badly, as exceptions.

They carry the stored text of the error and nothing else, so that a workflow that catches one does the
same on the first run and on every replay.
"""

# ruff: noqa: N818 - they say what happened

from typing import ClassVar

from botbus.errors import BusError, Timeout

TIMED_OUT = "timeout: "
"""How the error of a step begins whose time was over, whoever noticed."""


class StepFailed(BusError):
    """A step has failed for good; `.step` is its name, `.error` what was wrong."""

    default_code: ClassVar[str] = "step_failed"

    def __init__(self, step: str, error: str) -> None:
        super().__init__(f"step {step!r} failed: {error}")
        self.step = step
        self.error = error


class StepTimeout(StepFailed, Timeout):
    """A step has failed because its time was over: a StepFailed, and a Timeout."""

    default_code: ClassVar[str] = "timeout"


class RunFailed(BusError):
    """A run has failed; `.run` is its id, `.error` what was wrong."""

    default_code: ClassVar[str] = "run_failed"

    def __init__(self, run: str, error: str) -> None:
        super().__init__(f"run {run} failed: {error}")
        self.run = run
        self.error = error


class RunCancelled(BusError):
    """A run was cancelled; `.run` is its id."""

    default_code: ClassVar[str] = "run_cancelled"

    def __init__(self, run: str, reason: str = "") -> None:
        super().__init__(f"run {run} was cancelled" + (f": {reason}" if reason else ""))
        self.run = run


class Gone(BaseException):
    """The run is not in these hands any more: its function is to end here, without a trace."""


def step_error(step: str, error: str | None) -> StepFailed:
    """The exception for the stored error of a step."""
    kind = StepTimeout if (error or "").startswith(TIMED_OUT) else StepFailed
    return kind(step, error or "it gave no reason")


def text_of(error: BaseException) -> str:
    """An exception as it is stored: one line for each that went wrong."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(dict.fromkeys(text_of(part) for part in error.exceptions))
    if isinstance(error, BusError):
        return error.message
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return text.encode(errors="backslashreplace").decode()
