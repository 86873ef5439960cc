"""When a failed delivery is offered again."""

from hypothesis import given
from hypothesis import strategies as st

from botbus_daemon.backoff import DeliveryPolicy, backoff, exhausted


def test_the_waits_of_the_default_policy() -> None:
    waits = [backoff(DeliveryPolicy(), attempts) for attempts in range(11)]
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(st.integers(0, 10**9))
def test_a_wait_is_never_longer_than_the_limit(attempts: int) -> None:
    assert 0 <= backoff(DeliveryPolicy(), attempts) <= 60


def test_the_last_attempt() -> None:
    policy = DeliveryPolicy(max_deliveries=3)
    assert [exhausted(policy, n) for n in (1, 2, 3, 4)] == [False, False, True, True]
