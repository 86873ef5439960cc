"""When a schedule fires: times from a cron expression and a time zone.

Pure. What happens around a change of the clocks is Debian cron's way (five fields): a time that is
skipped fires when the gap ends, one that comes twice fires once. A time that passed while nobody was
there to fire it is *missed*, and the schedule's `catch_up` says what becomes of those.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from msgspec import Struct

from botbus_protocol import timestamps
from botbus_protocol.records import CatchUp

LONGEST_CRON = 256
"""Characters of a cron expression."""


class Clockwork(Struct, frozen=True):
    """The times that a cron expression stands for. Raises ValueError when it is made wrongly."""

    cron: str
    timezone: str

    def __post_init__(self) -> None:
        if len(self.cron) > LONGEST_CRON:
            raise ValueError(f"cron has more than {LONGEST_CRON} characters: shorten it")
        self.after(timestamps.format_time(datetime.now(UTC)))

    def after(self, moment: str) -> str:
        """The first time after a stored time. Raises ValueError if there is none."""
        return self._first(timestamps.parse_time(moment, "moment"), reverse=False)

    def latest(self, moment: str) -> str:
        """The last time at or before a stored time. Raises ValueError if there is none."""
        then = timestamps.parse_time(moment, "moment").replace(microsecond=1)
        return self._first(then, reverse=True)

    def _first(self, moment: datetime, *, reverse: bool) -> str:
        zone = _zone(self.timezone)
        try:
            times: Iterator[datetime] = CronSim(self.cron, moment.astimezone(zone), reverse)
            return timestamps.format_time(next(times))
        except CronSimError as error:
            raise ValueError(
                f"cron {self.cron!r} cannot be read ({error}): use five fields, "
                "minute hour day month weekday, or six with seconds first"
            ) from None
        except (StopIteration, OverflowError):
            raise ValueError(f"cron {self.cron!r} stands for no time at all") from None


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    """Raises ValueError for a name that the tz database does not have."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"timezone {name[:64]!r} is not in the tz database: use a name such as Europe/Berlin"
        ) from None


class Firing(Struct, frozen=True):
    """What a schedule that is due does now."""

    at: str | None
    """The time that a run is started for; None if what was missed is let go."""
    next_at: str


def firing(
    clockwork: Clockwork, catch_up: CatchUp, next_at: str, now: str, missed_before: str
) -> Firing | None:
    """What to do with a schedule at a time; None if it is not due. All times are stored ones."""
    if next_at > now:
        return None
    if next_at >= missed_before or catch_up == "all":
        return Firing(next_at, clockwork.after(next_at))
    if catch_up == "one":
        latest = max(clockwork.latest(now), next_at)
        return Firing(latest, clockwork.after(latest))
    return Firing(None, clockwork.after(max(next_at, missed_before)))
