"""Bodies: what JSON can hold survives the way to the disk and back; everything else is refused."""

import json
import math
from typing import Any

import msgpack  # type: ignore[import-untyped]  # it has no types
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Raw

from botbus_protocol import bodies
from tests.protocol import strategies as wire


def stored(value: Any) -> str:
    return bodies.to_json(Raw(wire.packed(value)))


def refusal(packed: bytes) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is what is tested
        bodies.to_json(Raw(packed))
    return str(caught.value)


@given(wire.values)
@example(-0.0)
@example({"": {"\x00": "\U0001f600"}})
@example([2**64 - 1, -(2**63), 5e-324, 1.7976931348623157e308])
def test_what_json_can_hold_survives(value: Any) -> None:
    text = stored(value)
    assert msgpack.unpackb(bodies.from_json(text)) == value
    assert json.loads(text) == value
    assert repr(json.loads(text)) == repr(value)  # -0.0 and 1 against 1.0


@given(wire.buried)
def test_everything_else_is_refused_with_its_place(value: Any) -> None:
    sentence = refusal(wire.packed(value))
    assert sentence.startswith("body")
    assert "JSON" in sentence


@given(st.lists(wire.values, max_size=4), st.none() | wire.buried, st.integers(0, 4))
def test_many_are_stored_as_each_is_alone(values: list[Any], misfit: Any, place: int) -> None:
    mixed = [*values[:place], misfit, *values[place:]]
    decoded = [msgspec.msgpack.decode(wire.packed(value)) for value in mixed]
    if misfit is None:
        assert bodies.all_to_json(decoded) == list(map(stored, mixed))
    else:
        with pytest.raises(ValueError, match=r"."):
            bodies.all_to_json(decoded)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (b"x", "body is bytes, which JSON cannot hold: send text, for example base64"),
        ({"a": [0, {"b": b""}]}, "body.a[1].b is bytes"),
        ([math.nan], "body[0] is nan"),
        ({"x": None, "y": math.inf}, "body.y is inf"),
        ({1: 2}, "body has the key 1, and JSON has only text keys"),
        (msgpack.Timestamp(0), "body is a timestamp"),
    ],
)
def test_the_sentence_says_where_and_what_instead(value: Any, sentence: str) -> None:
    assert refusal(wire.packed(value)).startswith(sentence)


def test_the_sentence_is_one_short_line_whatever_the_keys() -> None:
    deep: Any = b""
    for _ in range(200):
        deep = {"k" * 1000: deep}
    for value in ({"k" * 200_000: b""}, {b"k" * 200_000: 1}, deep, {"a\nb": {"c\x1b[2J": b""}}):
        sentence = refusal(wire.packed(value))
        assert sentence.startswith("body")
        assert len(sentence) < 300
        assert sentence.isprintable()
    assert refusal(wire.packed({"a\nb": {"c": b""}})).startswith(r"body['a\nb'].c is bytes")


@pytest.mark.parametrize("packed", [b"\xa2\xff\xfe", b"\xa3\xed\xa0\x80", b"\x81\xa1\xff\x01"])
def test_text_that_is_no_utf8_is_refused(packed: bytes) -> None:
    assert "UTF-8" in refusal(packed)


def test_depth_has_a_limit_and_the_sentence_tells_it() -> None:
    deepest = b"\x91" * bodies.MAX_DEPTH + b"\xc0"
    assert bodies.to_json(Raw(deepest)).count("[") == bodies.MAX_DEPTH
    for depth in (bodies.MAX_DEPTH + 1, 500, 2000, 1_000_000):
        sentence = refusal(b"\x91" * depth + b"\xc0")
        assert f"at most {bodies.MAX_DEPTH} levels" in sentence
    nested_maps = b"\x81\xa1a" * 1000 + b"\x01"
    assert "levels" in refusal(nested_maps)


def test_what_is_no_msgpack_is_refused() -> None:
    for packed in (b"", b"\xc1", b"\x92\x01", b"\xdf\xff\xff\xff\xff"):
        assert "not valid msgpack" in refusal(packed)


def test_the_last_of_two_equal_keys_counts() -> None:
    assert bodies.to_json(Raw(b"\x82\xa1a\x01\xa1a\x02")) == '{"a":2}'


def test_null_has_its_bytes() -> None:
    assert bytes(bodies.NULL) == b"\xc0"
    assert bytes(bodies.from_json("null")) == b"\xc0"
