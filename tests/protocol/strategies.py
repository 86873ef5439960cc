"""Values of the wire for property tests: what JSON can hold, what it cannot, and whole requests."""

from typing import Any

import msgpack  # type: ignore[import-untyped]  # it has no types
from hypothesis import strategies as st

from botbus_protocol.grammar import new_id

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
ids = st.builds(new_id)
anything = st.recursive(
    scalars | st.binary(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
requests = st.fixed_dictionaries(
    {"op": st.sampled_from(["send", "fetch", "ack", "history", "tail", "nak", "nonsense"])},
    optional={
        "id": ids | anything,
        "to": names | anything,
        "body": anything,
        "seq": anything,
        "lease": anything,
        "between": st.lists(names, max_size=3) | anything,
        "wait": anything,
        "headers": anything,
        "deliver_at": st.datetimes().map(str) | anything,
    },
)
"""Requests that are mostly wrong in some field."""


def packed(value: Any) -> bytes:
    data: bytes = msgpack.packb(value)
    return data
