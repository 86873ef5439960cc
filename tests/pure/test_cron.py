"""When schedules fire: around changes of the clocks, and for times that were missed."""

import pytest

from botbus_daemon.runs.cron import Clockwork, Firing, firing

BERLIN = "Europe/Berlin"


def at(text: str) -> str:
    return f"{text}.000000Z"


def times(clockwork: Clockwork, moment: str, count: int) -> list[str]:
    found = []
    for _ in range(count):
        moment = clockwork.after(moment)
        found.append(moment)
    return found


def test_times_are_those_of_the_zone() -> None:
    clockwork = Clockwork("30 9 * * MON", BERLIN)
    assert times(clockwork, at("2026-01-01T00:00:00"), 2) == [
        at("2026-01-05T08:30:00"),
        at("2026-01-12T08:30:00"),
    ]
    assert clockwork.after(at("2026-07-01T00:00:00")) == at("2026-07-06T07:30:00")


def test_a_time_that_is_skipped_fires_when_the_gap_ends() -> None:
    """On 2026-03-29 the clocks of Berlin go from 2:00 to 3:00, which is 1:00 UTC."""
    clockwork = Clockwork("30 2 * * *", BERLIN)
    assert times(clockwork, at("2026-03-28T12:00:00"), 2) == [
        at("2026-03-29T01:00:00"),
        at("2026-03-30T00:30:00"),
    ]


def test_a_time_that_comes_twice_fires_once() -> None:
    """On 2026-10-25 the clocks of Berlin go from 3:00 back to 2:00, which is 1:00 UTC."""
    clockwork = Clockwork("30 2 * * *", BERLIN)
    assert times(clockwork, at("2026-10-24T12:00:00"), 2) == [
        at("2026-10-25T00:30:00"),
        at("2026-10-26T01:30:00"),
    ]


def test_what_fires_every_hour_goes_on_through_both() -> None:
    clockwork = Clockwork("0 * * * *", BERLIN)
    for day in ("2026-03-29", "2026-10-25"):
        found = times(clockwork, at(f"{day}T00:00:00"), 3)
        assert found == [at(f"{day}T0{hour}:00:00") for hour in (1, 2, 3)]


def test_six_fields_have_seconds_first() -> None:
    clockwork = Clockwork("*/20 * * * * *", "UTC")
    assert times(clockwork, "2026-01-01T00:00:05.500000Z", 3) == [
        at("2026-01-01T00:00:20"),
        at("2026-01-01T00:00:40"),
        at("2026-01-01T00:01:00"),
    ]


@pytest.mark.parametrize("moment", ["2026-01-01T00:05:00.000000Z", "2026-01-01T00:09:59.999999Z"])
def test_the_latest_time_is_at_or_before_a_moment(moment: str) -> None:
    assert Clockwork("*/5 * * * *", "UTC").latest(moment) == at("2026-01-01T00:05:00")


@pytest.mark.parametrize("cron", ["", "* * * *", "0 0 31 2 *", "x * * * *", "60 * * * *"])
def test_what_cannot_be_read_is_refused(cron: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        Clockwork(cron, "UTC")


EVERY_MINUTE = Clockwork("* * * * *", "UTC")
DUE = at("2026-01-01T00:00:00")
NEXT = at("2026-01-01T00:01:00")


def test_what_is_not_due_does_nothing() -> None:
    early = "2025-12-31T23:59:59.999999Z"
    assert firing(EVERY_MINUTE, "one", DUE, early, early) is None


@pytest.mark.parametrize("catch_up", ["none", "one", "all"])
def test_what_is_due_fires_however_the_schedule_catches_up(catch_up: str) -> None:
    now = "2026-01-01T00:00:00.003000Z"
    step = firing(EVERY_MINUTE, catch_up, DUE, now, DUE)  # type: ignore[arg-type]
    assert step == Firing(DUE, NEXT)


def test_missed_times_are_let_go_made_up_for_once_or_each_in_turn() -> None:
    now = "2026-01-01T00:03:30.000000Z"
    latest, following = at("2026-01-01T00:03:00"), at("2026-01-01T00:04:00")
    assert firing(EVERY_MINUTE, "none", DUE, now, now) == Firing(None, following)
    assert firing(EVERY_MINUTE, "one", DUE, now, now) == Firing(latest, following)
    assert firing(EVERY_MINUTE, "all", DUE, now, now) == Firing(DUE, NEXT)
