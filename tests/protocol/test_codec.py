"""Frames and replies: what goes in comes out, and what a stranger sends raises Refused or nothing."""

import contextlib
from random import Random
from typing import Any

import msgpack  # type: ignore[import-untyped]  # it has no types
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from botbus_protocol.codec import (
    OPS,
    decode_frame,
    decode_replies,
    encode,
    encode_frame,
    encode_replies,
)
from botbus_protocol.errors import Code, Fault, Refused
from botbus_protocol.grammar import new_id
from botbus_protocol.limits import DEFAULT_LIMITS, Limits
from botbus_protocol.replies import Reply
from botbus_protocol.requests import AnyRequest, Hello, History, Request, Send
from tests.protocol import strategies as wire
from tests.protocol import structs


def taken(data: bytes) -> list[AnyRequest | Fault]:
    """The requests of a frame. Raises Refused, and nothing else, whatever the bytes."""
    return decode_frame(data, DEFAULT_LIMITS).requests


@given(st.lists(structs.requests, max_size=5), st.none() | wire.names, st.booleans())
def test_a_frame_comes_out_as_it_went_in(
    said: list[Request], bot: str | None, atomic: bool
) -> None:
    frame = decode_frame(encode_frame(bot, said, atomic=atomic), DEFAULT_LIMITS)
    assert frame.bot == bot
    assert frame.atomic == atomic
    assert frame.requests == said


@pytest.mark.parametrize("op", OPS)
@given(st.data())
def test_every_request_survives(op: str, draw: st.DataObject) -> None:
    said = draw.draw(structs.request(op))
    assert taken(encode_frame(None, [said])) == [said]


@given(structs.requests, st.randoms(use_true_random=False))
def test_a_request_may_be_written_in_any_order_with_its_defaults_and_more(
    said: Request, order: Random
) -> None:
    """As another library may do it: nothing hangs on what this encoder leaves out."""
    fields = [*structs.as_map(said).items(), ("of_the_future", {"x": [b"y"]})]
    fields += [(f.name, plain(f.default)) for f in msgspec.structs.fields(said) if not f.required]
    written = {name: value for name, value in reversed(fields) if is_wire(value)}
    mixed = order.sample(sorted(written), len(written))
    frame = {"newer": None, "requests": [{name: written[name] for name in mixed}], "v": 1}
    assert taken(wire.packed(frame)) == [said]


def plain(default: Any) -> Any:
    return msgpack.unpackb(default) if isinstance(default, Raw) else default


def is_wire(value: Any) -> bool:
    return value is not msgspec.NODEFAULT


@given(st.lists(structs.requests, max_size=3))
def test_a_request_may_be_encoded_before_its_frame(said: list[Request]) -> None:
    raw = [Raw(encode(request)) for request in said]
    assert encode_frame("a", raw) == encode_frame("a", said)


@given(st.lists(structs.answers, max_size=5))
def test_replies_come_out_as_they_went_in(said: list[Reply | Fault]) -> None:
    assert decode_replies(encode_replies(said)) == said


@pytest.mark.parametrize("kind", structs.KINDS)
@given(st.data())
def test_every_reply_survives(kind: str, draw: st.DataObject) -> None:
    said = draw.draw(structs.reply(kind))
    assert decode_replies(encode_replies([said])) == [said]
    assert msgpack.unpackb(encode_replies([said]))["replies"][0]["ok"]["kind"] == kind


@given(st.binary(max_size=200))
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        taken(data)


@given(st.lists(structs.requests.map(structs.as_map) | structs.spoiled(), max_size=3), st.data())
def test_cut_and_mutated_frames_raise_nothing_but_refused(
    said: list[dict[str, Any]], draw: st.DataObject
) -> None:
    frame = wire.packed({"v": 1, "bot": "a", "requests": said})
    cut = frame[: draw.draw(st.integers(0, len(frame)))]
    place = draw.draw(st.integers(0, len(frame) - 1))
    mutated = frame[:place] + draw.draw(st.binary(min_size=1, max_size=3)) + frame[place + 1 :]
    for data in (frame, cut, mutated):
        with contextlib.suppress(Refused):
            assert all(isinstance(request, Request | Fault) for request in taken(data))


@given(st.lists(structs.answers, max_size=2), st.data())
def test_cut_and_mutated_answers_raise_nothing_but_refused(
    said: list[Reply | Fault], draw: st.DataObject
) -> None:
    answer = encode_replies(said)
    place = draw.draw(st.integers(0, len(answer) - 1))
    mutated = answer[:place] + draw.draw(st.binary(max_size=3)) + answer[place + 1 :]
    for data in (answer[:place], mutated):
        with contextlib.suppress(Refused):
            decode_replies(data)


@given(st.lists(structs.requests | structs.spoiled() | wire.anything, min_size=1, max_size=6))
def test_neighbours_of_a_wrong_request_are_decoded_as_if_it_were_not_there(said: list[Any]) -> None:
    written = [structs.as_map(r) if isinstance(r, Request) else r for r in said]
    frame = {"v": 1, "bot": "a", "atomic": True, "requests": written}
    found = decode_frame(wire.packed(frame), DEFAULT_LIMITS)
    assert found.bot == "a"
    assert found.atomic
    for one, other in zip(said, found.requests, strict=True):
        if isinstance(one, Request):
            assert other == one
        elif not isinstance(one, dict):
            assert isinstance(other, Fault)


@given(structs.spoiled())
def test_the_fault_of_a_request_is_one_of_three_and_a_sentence(said: dict[str, Any]) -> None:
    (found,) = taken(wire.packed({"v": 1, "requests": [said]}))
    if isinstance(found, Fault):
        assert found.code in {Code.INVALID, Code.UNKNOWN_OP}
        assert 10 < len(found.message) < 500


def test_deep_nesting_is_refused_wherever_it_is() -> None:
    deep = b"\x91" * 1_000_000 + b"\x01"
    fields = {name: wire.packed(name) for name in ("v", "bot", "atomic", "requests", "other")}
    for name, key in fields.items():
        rest = {"v": 1, "requests": []}
        rest.pop(name, None)
        packed = wire.packed(rest)
        frame = bytes([packed[0] + 1]) + packed[1:] + key + deep
        with pytest.raises(Refused) as caught:
            taken(frame)
        assert caught.value.fault.code in {Code.BAD_FRAME, Code.UNSUPPORTED_VERSION}
        assert len(caught.value.fault.message) < 200


@pytest.mark.parametrize("depth", range(900, 1100, 7))
def test_nesting_at_the_edge_of_what_python_can_is_refused_too(depth: int) -> None:
    packed = wire.packed({"requests": []})
    frame = bytes([packed[0] + 1]) + packed[1:] + wire.packed("v") + b"\x91" * depth + b"\x01"
    with pytest.raises(Refused):
        taken(frame)


def test_limits_are_inclusive() -> None:
    limits = Limits(requests_per_frame=2, frame_bytes=len(encode_frame(None, [Hello()] * 2)))
    assert len(decode_frame(encode_frame(None, [Hello()] * 2), limits).requests) == 2
    with pytest.raises(Refused, match="split it") as caught:
        decode_frame(encode_frame(None, [Hello()] * 3), limits)
    assert caught.value.fault.details == {"limit": "frame_bytes", "figure": limits.frame_bytes}


def test_unknown_fields_are_ignored() -> None:
    found = taken(wire.packed({"v": 1, "new": [1], "requests": [{"op": "hello", "newer": {}}]}))
    assert found == [Hello()]


def test_the_sentence_names_the_operation_and_the_field() -> None:
    said = [{"op": "hello"}, {"op": "fetch", "max": "many"}]
    _, fault = taken(wire.packed({"v": 1, "requests": said}))
    assert isinstance(fault, Fault)
    assert fault.message == "fetch: Expected `int`, got `str` (in max)"
    assert fault.details == {"request": 1}


def test_every_operation_has_a_name_of_its_own() -> None:
    assert len(OPS) == len({*OPS.values()})
    assert all(name == name.lower() for name in OPS)


def test_a_struct_checks_itself_where_it_is_made() -> None:
    with pytest.raises(ValueError, match="no spaces"):
        Send(id=new_id(), to="a b", body=Raw(b"\x01"))
    with pytest.raises(ValueError, match="one thing"):
        History()


def test_new_fields_have_defaults_so_that_old_clients_go_on() -> None:
    """What version 1 required at its beginning is all that it may ever require."""
    required = {
        op: {f.name for f in msgspec.structs.fields(kind) if f.required} for op, kind in OPS.items()
    }
    assert required["send"] == {"id", "to", "body"}
    assert required["ask"] == {"id", "to", "body"}
    assert required["publish"] == {"id", "channel", "body"}
    assert required["fetch"] == required["peek"] == required["tail"] == required["hello"] == set()
    assert required["ack"] == required["nak"] == {"seq", "lease"}
    assert required["term"] == {"seq", "lease", "reason"}
    assert required["extend"] == {"seq", "lease", "seconds"}
