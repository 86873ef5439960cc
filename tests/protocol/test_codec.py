"""Frames and replies: what goes in comes out, and what a stranger sends raises Refused or nothing."""

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from botbus_protocol import requests
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
from botbus_protocol.records import Delivery, Message
from botbus_protocol.replies import Answer, Deliveries, Done, Receipt, Reply
from botbus_protocol.requests import Ack, AnyRequest, Fetch, Hello, History, Nak, Request, Send
from tests.protocol import strategies as wire


def taken(data: bytes) -> list[AnyRequest | Fault]:
    """The requests of a frame. Raises Refused, and nothing else, whatever the bytes."""
    return decode_frame(data, DEFAULT_LIMITS).requests


sends = st.builds(
    Send,
    id=wire.ids,
    to=wire.names,
    body=wire.values.map(wire.packed).map(Raw),
    type=st.text(min_size=1, max_size=256),
    headers=st.dictionaries(st.text(min_size=1, max_size=9), wire.texts, max_size=3),
    reply_to=st.none() | wire.ids,
    ttl=st.none() | st.floats(0.001, 1e6),
    delay=st.none() | st.floats(0, 1e6),
)
fetches = st.builds(
    Fetch,
    max=st.integers(1, 2**63),
    wait=st.floats(0, 3e8),
    lease=st.floats(0.1, 86400),
    ticket=st.text(max_size=256),
)
naks = st.builds(
    Nak, seq=st.integers(0, 2**63 - 1), lease=st.text(max_size=64), counts=st.booleans()
)
histories = st.builds(
    History,
    between=st.tuples(wire.names, wire.names),
    before=st.none() | st.integers(0, 2**63 - 1),
    limit=st.integers(1, 10**6),
)
some_requests: st.SearchStrategy[Request] = sends | fetches | naks | histories


@given(st.lists(some_requests, max_size=5), st.none() | wire.names, st.booleans())
def test_a_frame_comes_out_as_it_went_in(
    said: list[Request], bot: str | None, atomic: bool
) -> None:
    frame = decode_frame(encode_frame(bot, said, atomic=atomic), DEFAULT_LIMITS)
    assert frame.bot == bot
    assert frame.atomic == atomic
    assert frame.requests == said


@given(st.lists(some_requests, max_size=3))
def test_a_request_may_be_encoded_before_its_frame(said: list[Request]) -> None:
    raw = [Raw(encode(request)) for request in said]
    assert encode_frame("a", raw) == encode_frame("a", said)


messages = st.builds(
    Message,
    seq=st.integers(1, 2**62),
    id=wire.ids,
    sender=wire.names,
    recipient=st.none() | wire.names,
    channel=st.none() | wire.names,
    body=wire.values,
    hops=st.integers(0, 100),
    headers=st.dictionaries(wire.texts, wire.texts, max_size=3),
)
receipts = st.builds(
    Receipt, id=wire.ids, seq=st.integers(1), timestamp=st.just(""), known=st.booleans(),
    recipients=st.integers(0, 2**31), duplicate=st.booleans(),
).filter(lambda receipt: receipt.seq < 2**63)  # fmt: skip
deliveries = st.builds(
    Delivery,
    message=messages,
    attempt=st.integers(1, 99),
    lease=st.text(),
    lease_expires_at=st.just(""),
)
some_replies: st.SearchStrategy[Reply | Fault] = st.one_of(
    receipts,
    st.builds(Done, changed=st.booleans(), count=st.integers(0, 99)),
    st.builds(Answer, receipt=receipts, reply=st.none() | messages),
    st.builds(Deliveries, deliveries=st.lists(deliveries, max_size=3)),
    st.builds(Fault, code=st.sampled_from([*Code, "of_the_future"]).map(str), message=st.text()),
)


@given(st.lists(some_replies, max_size=5))
def test_replies_come_out_as_they_went_in(said: list[Reply | Fault]) -> None:
    assert decode_replies(encode_replies(said)) == said


@given(st.binary(max_size=200))
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        taken(data)


@given(st.lists(wire.requests, max_size=3), st.data())
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


@given(st.lists(some_replies, max_size=2), st.data())
def test_cut_and_mutated_answers_raise_nothing_but_refused(
    said: list[Reply | Fault], draw: st.DataObject
) -> None:
    answer = encode_replies(said)
    place = draw.draw(st.integers(0, len(answer) - 1))
    mutated = answer[:place] + draw.draw(st.binary(max_size=3)) + answer[place + 1 :]
    for data in (answer[:place], mutated):
        with contextlib.suppress(Refused):
            decode_replies(data)


@given(st.lists(wire.requests | wire.anything, min_size=1, max_size=5), st.integers(0, 4))
def test_a_wrong_request_is_a_fault_in_its_place(said: list[Any], place: int) -> None:
    place = min(place, len(said))
    good = {"op": "ack", "seq": 7, "lease": "1.1"}
    said.insert(place, good)
    found = taken(wire.packed({"v": 1, "requests": said}))
    assert len(found) == len(said)
    assert found[place] == Ack(seq=7, lease="1.1")


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
    (fault,) = taken(wire.packed({"v": 1, "requests": [{"op": "fetch", "max": "many"}]}))
    assert isinstance(fault, Fault)
    assert fault.message == "fetch: Expected `int`, got `str` (in max)"
    assert fault.details == {"request": 0}


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
    assert isinstance(requests.Hello(), Request)
