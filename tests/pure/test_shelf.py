"""Shelves: no more goes than has to, and nothing that is too young."""

from hypothesis import given
from hypothesis import strategies as st

from botbus_daemon.retention.settings import ChannelKeeping, Keeping, RetentionPolicy
from botbus_daemon.retention.shelf import DAY, Shelf
from botbus_protocol import timestamps
from botbus_storage.reading.deletable import Deletable
from botbus_storage.retention_operations import Source

NOW = 1_800_000_000.0


def message(seq: int, age: float, size: int = 1, deliveries: int = 0) -> Deletable:
    return Deletable(seq, timestamps.from_epoch(NOW - age), size, deliveries)


def shelf(keeping: Keeping, messages: list[Deletable], youngest: float = 0.0) -> Shelf:
    made = Shelf(keeping, youngest)
    made.put(len(messages), sum(m.size for m in messages))
    return made


@given(
    st.lists(st.tuples(st.floats(0, 100), st.integers(0, 50)), max_size=30),
    st.integers(0, 10),
    st.integers(0, 300),
    st.sampled_from([0.0, 30.0]),
    st.sampled_from([0.0, 20.0]),
)
def test_what_goes_has_to_and_what_stays_may(
    contents: list[tuple[float, int]], most: int, size: int, age: float, youngest: float
) -> None:
    ages = sorted((age for age, _ in contents), reverse=True)
    messages = [message(n, age, contents[n][1]) for n, age in enumerate(ages)]
    keeping = Keeping(max_messages=most, max_bytes=size, max_age_days=age / DAY)
    one = shelf(keeping, messages, youngest)
    going = one.to_go(messages, NOW, 10**9)
    assert going == messages[: len(going)]
    assert all(ages[m.seq] >= youngest - 1e-3 for m in going)
    one.taken(going)
    left = messages[len(going) :]
    assert (one.messages, one.size) == (len(left), sum(m.size for m in left))
    if left and ages[left[0].seq] > youngest + 1e-3:
        assert not (most and len(left) > most)
        assert not (size and one.size > size)
        assert not (age and ages[left[0].seq] > age + 1e-3)
    if left and age:
        assert one.due is not None  # time alone makes the oldest go


def test_a_batch_ends_where_it_would_take_too_many_deliveries_with_it() -> None:
    messages = [message(n, 9, deliveries=600) for n in range(5)]
    one = shelf(Keeping(max_messages=1), messages)
    assert [m.seq for m in one.to_go(messages, NOW, 1000)] == [0]
    assert one.due == NOW
    crowd = [message(0, 9, deliveries=5000), *messages[1:]]
    assert [m.seq for m in one.to_go(crowd, NOW, 1000)] == [0]


def test_it_is_looked_at_when_something_may_have_to_go() -> None:
    one = shelf(Keeping(max_messages=2), [message(0, 9), message(1, 9)])
    assert not one.wants_look(NOW)
    one.put(1, 1)
    assert one.wants_look(NOW)
    aged = shelf(Keeping(max_age_days=10 / DAY), [message(0, 9)])
    assert aged.wants_look(NOW)
    assert aged.to_go([message(0, 9)], NOW, 10) == []
    assert not aged.wants_look(NOW + 0.5)
    assert aged.wants_look(NOW + 1.1)


def test_the_first_pattern_that_matches_decides() -> None:
    whole = ChannelKeeping(match="builds.release")
    some = ChannelKeeping(match="builds.*", max_messages=5)
    policy = RetentionPolicy(channels=[whole, some], direct=Keeping(max_age_days=1))
    assert policy.keeping(Source(channel="builds.release")) is None
    assert policy.keeping(Source(channel="builds.nightly")) == some
    assert policy.keeping(Source(channel="talk")) is None
    assert policy.keeping(Source(recipient_id="x")) == policy.direct
