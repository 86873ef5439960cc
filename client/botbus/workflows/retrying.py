"""When a step that failed is tried again.

The backoff doubles with each failure, up to a bound, and the delay is a random part of it (full
jitter), so that many runs that fail together do not come back together. The random part follows from
the run and the step: whoever takes the run up meanwhile waits for the same moment.
"""

from typing import Any, NamedTuple

from botbus.errors import Invalid
from botbus.workflows.derived import derived_number

MOST_BACKOFF = 3600.0
"""Seconds."""


class Rules(NamedTuple):
    """How often a step is tried, how far apart, and for how long each time."""

    retries: int
    backoff: float
    timeout: float | None

    def delay(self, run: str, step: str, failures: int) -> float:
        """Seconds from the last of so many failures to the next attempt."""
        backoff = min(MOST_BACKOFF, self.backoff * 2.0 ** min(failures - 1, 60))
        return backoff * derived_number(run, f"{step}/backoff/{failures}")


AT_ONCE = Rules(0, 1.0, None)


def checked_rules(step: str, retries: Any, backoff: Any, timeout: Any) -> Rules:
    """Raises Invalid for what is not to be done."""
    if retries == 0 and timeout is None and backoff == 1.0:
        return AT_ONCE
    if not isinstance(retries, int) or retries < 0:
        raise Invalid(f"step {step!r}: retries must be 0 or more, not {retries!r}")
    if not isinstance(backoff, int | float) or backoff < 0:
        raise Invalid(f"step {step!r}: backoff must be seconds from 0 on, not {backoff!r}")
    if timeout is not None and (not isinstance(timeout, int | float) or timeout <= 0):
        raise Invalid(f"step {step!r}: timeout must be seconds above 0, not {timeout!r}")
    return Rules(retries, backoff, timeout)
