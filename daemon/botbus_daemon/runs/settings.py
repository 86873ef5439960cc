"""The `[workflows]` table of the settings."""

from msgspec import Struct

from botbus_daemon.bounds import AtLeastOne, Count, SomeDays


class WorkflowPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the daemon does with runs that nobody asks about."""

    keep_days: SomeDays = 30.0
    """Days for which a finished run is kept."""
    keep_runs: Count = 10_000
    """Finished runs of one workflow that are kept at the most."""
    most_crashes: AtLeastOne = 20
    """Crashes in a row, without a finished step between them, after which a run has failed."""
