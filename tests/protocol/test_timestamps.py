"""Times: one form on the wire and on disk, any RFC 3339 on the way in."""

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botbus_protocol import timestamps

zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 - the zone is another parameter
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001 - so here
    timezones=zones,
)


@given(moments)
def test_a_time_survives_in_utc(moment: datetime) -> None:
    text = timestamps.format_time(moment)
    assert len(text) == len("2026-01-31T09:00:00.000000Z")
    assert text.endswith("Z")
    assert timestamps.parse_time(text, "t") == moment
    assert timestamps.normal_time(moment.isoformat(), "t") == text


@given(moments, moments)
def test_texts_sort_as_times_do(one: datetime, other: datetime) -> None:
    texts = timestamps.format_time(one), timestamps.format_time(other)
    assert (texts[0] < texts[1]) == (one < other)


@given(st.floats(0, 4e9))
def test_an_epoch_survives(seconds: float) -> None:
    text = timestamps.from_epoch(seconds)
    assert timestamps.to_epoch(text) == pytest.approx(seconds, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("2026-01-31T09:00:00Z", "2026-01-31T09:00:00.000000Z"),
        ("2026-01-31T09:00:00.5+01:00", "2026-01-31T08:00:00.500000Z"),
        ("2026-01-31 09:00:00-05:30", "2026-01-31T14:30:00.000000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_any_offset_is_read(text: str, normal: str) -> None:
    assert timestamps.normal_time(text, "t") == normal


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "RFC 3339"),
        ("tomorrow", "RFC 3339"),
        ("2026-02-30T00:00:00Z", "RFC 3339"),
        ("1700000000", "RFC 3339"),
        ("x" * 10_000, "RFC 3339"),
        ("2026-01-31T09:00:00", "time zone"),
        ("2026-01-31", "time zone"),
        ("9999-12-31T23:59:59-12:00", "after 9999"),
        ("0001-01-01T00:00:00+14:00", "before year 1"),
    ],
)
def test_everything_else_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        timestamps.normal_time(text, "deliver_at")
    assert str(caught.value).startswith("deliver_at")
    assert len(str(caught.value)) < 200


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert timestamps.normal_time(text, "t").endswith("Z")


def test_a_time_without_a_zone_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="aware"):
        timestamps.format_time(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


@given(st.floats(-6e10, 2e11))
def test_an_epoch_is_written_as_datetime_rounds_it(seconds: float) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert timestamps.from_epoch(seconds) == timestamps.format_time(moment)


def test_a_fraction_that_rounds_up_makes_another_second() -> None:
    assert timestamps.from_epoch(59.9999999) == "1970-01-01T00:01:00.000000Z"


@pytest.mark.parametrize("seconds", [1e300, 3e11, float("inf")])
def test_a_time_beyond_the_calendar_cannot_be_written(seconds: float) -> None:
    with pytest.raises(ValueError, match=r"."):
        timestamps.from_epoch(seconds)


def test_now_is_written_as_utc() -> None:
    now = datetime.now(UTC)
    assert timestamps.format_time(now)[:19] == now.isoformat()[:19]
