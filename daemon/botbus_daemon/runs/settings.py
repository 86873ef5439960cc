"""The `[workflows]` table of the settings."""

from typing import Annotated

from msgspec import Meta, Struct


class WorkflowPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the daemon does with runs that nobody asks about."""

    keep_days: Annotated[float, Meta(gt=0)] = 30.0
    """Days for which a finished run is kept."""
    keep_runs: Annotated[int, Meta(ge=0)] = 10_000
    """Finished runs of one workflow that are kept at the most."""
    most_crashes: Annotated[int, Meta(ge=1)] = 20
    """Crashes in a row, without a finished step between them, after which a run has failed."""
