"""The loop guard: long chains and fast pairs are stopped, nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botbus_daemon.loop_guard import PAIRS, LoopGuard, LoopPolicy

POLICY = LoopPolicy(max_hops=8, free_hops=3, replies_per_minute=60)


@given(st.integers(0, 8), st.floats(0, 1e6))
def test_a_chain_may_be_as_long_as_the_limit(hops: int, now: float) -> None:
    assert LoopGuard(POLICY).objection("a", "b", hops, now) is None


def test_a_longer_chain_is_refused() -> None:
    objection = LoopGuard(POLICY).objection("a", "b", 9, 0.0)
    assert objection is not None
    assert "9 hops" in objection


@given(st.integers(1, 3), st.integers(1, 2000))
def test_short_chains_are_never_counted(hops: int, count: int) -> None:
    guard = LoopGuard(POLICY)
    assert all(guard.objection("a", "b", hops, 0.0) is None for _ in range(count))


def test_a_pair_may_exchange_so_many_a_minute_in_both_directions() -> None:
    guard = LoopGuard(POLICY)
    passed = [guard.objection(*pair, 4, 0.0) is None for pair in [("a", "b"), ("b", "a")] * 40]
    assert passed == [True] * 60 + [False] * 20
    assert guard.objection("a", "c", 4, 0.0) is None
    assert guard.objection("a", "b", 4, 1.0) is None
    assert guard.objection("a", "b", 4, 1.0) is not None


@given(st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_over_any_time_the_rate_holds(steps: list[float]) -> None:
    guard, now, passed = LoopGuard(POLICY), 0.0, 0
    for step in steps:
        now += step
        passed += guard.objection("a", "b", 5, now) is None
    assert passed <= POLICY.replies_per_minute * (1 + now / 60) + 1


@pytest.mark.parametrize("pairs", [PAIRS + 100])
def test_the_memory_is_bounded(pairs: int) -> None:
    guard = LoopGuard(POLICY)
    for number in range(pairs):
        guard.objection("a", f"b{number}", 4, 0.0)
    assert len(guard._buckets) == PAIRS
