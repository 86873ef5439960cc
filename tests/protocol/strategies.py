"""Values of the wire for property tests: what JSON can hold and what it cannot."""

from typing import Any
from uuid import UUID

import msgpack  # type: ignore[import-untyped]  # it has no types
from hypothesis import strategies as st

texts = st.text(max_size=20)  # of characters that UTF-8 can write
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
"""What JSON can hold."""

misfits: st.SearchStrategy[Any] = st.one_of(
    st.binary(max_size=5),
    st.just(float("nan")),
    st.just(float("inf")),
    st.just(float("-inf")),
    st.builds(msgpack.Timestamp, st.integers(0, 2**33)),
    st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=4)),
    st.dictionaries(st.integers(0, 100) | st.booleans(), scalars, min_size=1, max_size=2),
)
"""What msgpack can hold and JSON cannot."""

buried = st.recursive(
    misfits,
    lambda inner: st.one_of(
        st.tuples(values, inner).map(list), st.tuples(texts, inner).map(lambda pair: dict([pair]))
    ),
    max_leaves=4,
)
"""A misfit, or a value with one somewhere inside."""

names = st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True).filter(lambda n: n.count("-") != 4)


def as_version_7(number: int) -> str:
    """The UUIDv7 that has the other bits of a number."""
    number = number & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return str(UUID(int=number))


ids = st.integers(0, 2**128 - 1).map(as_version_7)
anything = st.recursive(
    scalars | st.binary(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def packed(value: Any) -> bytes:
    data: bytes = msgpack.packb(value)
    return data
