"""Whatever the bytes: decoding gives requests and faults or refuses the frame, and nothing else."""

import contextlib
from random import Random
from typing import Any

import msgpack  # type: ignore[import-untyped]  # it has no types
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from botbus_protocol.bodies import from_json, to_json
from botbus_protocol.codec import (
    OPS,
    decode_frame,
    decode_replies,
    encode,
    encode_frame,
    encode_replies,
)
from botbus_protocol.definitions import outline_of
from botbus_protocol.errors import Code, Fault, Refused
from botbus_protocol.limits import DEFAULT_LIMITS
from botbus_protocol.replies import Reply
from botbus_protocol.requests import Request
from tests.fuzz import frames
from tests.fuzz.mutation import spoiled_bytes, spoiled_value
from tests.protocol import strategies as wire
from tests.protocol import structs

REFUSALS = {Code.BAD_FRAME, Code.UNSUPPORTED_VERSION, Code.INVALID, Code.TOO_LARGE}
FAULTS = {Code.INVALID, Code.UNKNOWN_OP}
randoms = st.randoms(use_true_random=False)


def check(data: bytes) -> None:
    """Decodes a frame: what is taken survives another journey, what is refused gets a sentence."""
    try:
        frame = decode_frame(data, DEFAULT_LIMITS)
    except Refused as refusal:
        check_fault(refusal.fault, REFUSALS)
        return
    taken = [request for request in frame.requests if not isinstance(request, Fault)]
    for request in taken:
        check_values(request)
    said = encode_frame(frame.bot, taken, atomic=frame.atomic)
    assert encode(decode_frame(said, DEFAULT_LIMITS).requests) == encode(taken)
    for fault in frame.requests:
        if isinstance(fault, Fault):
            check_fault(fault, FAULTS)


def check_values(request: Request) -> None:
    """What a request brings for the disk is JSON, or is refused with a sentence."""
    for value in msgspec.structs.asdict(request).values():
        if isinstance(value, Raw):
            with contextlib.suppress(ValueError):
                assert from_json(to_json(value))


def check_fault(fault: Fault, codes: set[Code]) -> None:
    assert fault.code in codes
    assert 10 < len(fault.message) < 500


@given(frames.drafts)
def test_mutated_frames(draft: frames.Draft) -> None:
    check(draft.written({}))


@pytest.mark.parametrize("op", OPS)
@settings(max_examples=25)
@given(st.data(), randoms)
def test_every_request_with_one_wrong_in_it(op: str, draw: st.DataObject, random: Random) -> None:
    said = structs.as_map(draw.draw(frames.request(op)))
    check(wire.packed({"v": 1, "bot": "ada", "requests": [spoiled_value(said, random)]}))
    check(spoiled_bytes(wire.packed({"v": 1, "bot": "ada", "requests": [said]}), random))


@given(st.lists(structs.answers, max_size=2), randoms)
def test_mutated_answers(said: list[Reply | Fault], random: Random) -> None:
    answer: Any = msgpack.unpackb(encode_replies(said))
    for data in (
        wire.packed(spoiled_value(answer, random)),
        spoiled_bytes(encode_replies(said), random),
    ):
        with contextlib.suppress(Refused):
            assert all(isinstance(reply, Reply | Fault) for reply in decode_replies(data))


@given(wire.buried | wire.values, randoms)
def test_mutated_bodies(body: Any, random: Random) -> None:
    for data in (wire.packed(body), wire.packed(spoiled_value([body], random)[:1])):
        with contextlib.suppress(ValueError):
            text = to_json(Raw(spoiled_bytes(data, random)))
            assert to_json(from_json(text)) == text


@given(frames.definitions, randoms, st.integers(0, 3))
def test_mutated_definitions(definition: Any, random: Random, wrongs: int) -> None:
    for _ in range(wrongs):
        definition = spoiled_value(definition, random)
    with contextlib.suppress(ValueError):
        assert outline_of(definition).name
