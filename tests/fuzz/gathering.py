"""Examples of a strategy, to be kept and used again."""

from typing import TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

T = TypeVar("T")


def gathered(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """As many examples."""
    found: list[T] = []

    @settings(max_examples=count, database=None, suppress_health_check=list(HealthCheck))
    @given(example=strategy)
    def gather(example: T) -> None:
        found.append(example)

    gather()
    return found
