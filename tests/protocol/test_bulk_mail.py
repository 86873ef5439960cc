"""Frames of plain letters: what is taken in columns is what the codec takes, and nothing else is."""

from collections.abc import Callable
from typing import Any

import msgpack  # type: ignore[import-untyped]  # it has no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botbus_protocol import bulk_mail
from botbus_protocol.bulk_mail import WORTH_IT, decode_letters
from botbus_protocol.codec import decode_frame
from botbus_protocol.errors import Refused
from botbus_protocol.grammar import new_id
from botbus_protocol.limits import DEFAULT_LIMITS, Limits
from botbus_protocol.requests import MAX_TEXT, Publish, Send
from tests.protocol import strategies as wire

Json = dict[str, Any]

odd_ids = st.sampled_from(
    ["", "x", new_id().upper(), new_id() + "\n", new_id().replace("-7", "-4")]
)
odd_names = st.sampled_from(["", "a b", "x" * 65, "\u0661"])
types = st.just("message") | st.text(min_size=1, max_size=MAX_TEXT)
odd_types = st.sampled_from(["", "x" * (MAX_TEXT + 1), 1, None])
more: st.SearchStrategy[Json] = st.sampled_from(
    [{"headers": {}}, {"reply_to": None}, {"ttl": 5.0}, {"delay": 1}, {"of_the_future": [1]}]
)


def sends(
    ids: st.SearchStrategy[Any], names: st.SearchStrategy[Any], kinds: st.SearchStrategy[Any]
) -> st.SearchStrategy[Json]:
    fields = {"id": ids, "to": names, "type": kinds, "body": wire.anything}
    return st.fixed_dictionaries({"op": st.just("send"), **fields})


def published(letter: Json) -> Json:
    return {"op": "publish", "channel": letter["to"]} | {
        name: letter[name] for name in ("id", "type", "body")
    }


plain = sends(wire.ids, wire.names, types)
to_bots = st.lists(plain, min_size=WORTH_IT, max_size=WORTH_IT + 3)
alike = to_bots | to_bots.map(lambda letters: [published(letter) for letter in letters])
odd = (
    sends(odd_ids, wire.names, types)
    | sends(wire.ids, odd_names, types)
    | sends(wire.ids, odd_names | st.just(new_id()), types).map(published)
    | sends(wire.ids, wire.names, odd_types)
    | st.tuples(plain, more).map(lambda pair: pair[0] | pair[1])
    | st.just({"op": "hello"})
    | wire.anything
)


def frame(requests: list[Any], **fields: Any) -> bytes:
    return wire.packed({"v": 1, "bot": "a", "atomic": False, "requests": requests} | fields)


@given(alike, wire.names)
def test_a_frame_of_plain_letters_is_taken(said: list[Json], bot: str) -> None:
    found = decode_letters(frame(said, bot=bot), DEFAULT_LIMITS)
    assert found is not None
    assert found.bot == bot
    assert found.kind is (Send if said[0]["op"] == "send" else Publish)
    assert found.ids == [letter["id"] for letter in said]
    assert found.recipients == [letter.get("to") or letter["channel"] for letter in said]
    assert found.types == [letter["type"] for letter in said]
    bodies = [repr(letter["body"]) for letter in said]  # in which NaN is NaN
    assert list(map(repr, found.bodies)) == bodies


@given(alike, odd | alike.map(lambda letters: letters[0]), st.integers(0, WORTH_IT))
def test_what_is_taken_is_what_the_codec_takes(said: list[Json], other: Any, place: int) -> None:
    data = frame([*said[:place], other, *said[place:]])
    found = decode_letters(data, DEFAULT_LIMITS)
    if found is None:
        return
    slow = decode_frame(data, DEFAULT_LIMITS)
    assert slow.bot == found.bot
    assert not slow.atomic
    for index, request in enumerate(slow.requests):
        assert type(request) is found.kind
        assert isinstance(request, Send | Publish)
        assert request.id == found.ids[index]
        to = request.to if type(request) is Send else getattr(request, "channel", None)
        assert to == found.recipients[index]
        assert request.type == found.types[index]
        assert repr(msgpack.unpackb(request.body)) == repr(found.bodies[index])
        assert not request.headers
        assert is_plain(request)


def is_plain(request: Send | Publish) -> bool:
    rest = (request.ttl, request.delay, request.deliver_at, request.reply_to, request.session_id)
    return rest == (None,) * 5


@given(alike, odd, st.integers(0, WORTH_IT))
def test_one_odd_request_leaves_all_of_them_to_the_codec(
    said: list[Json], other: Any, place: int
) -> None:
    assert decode_letters(frame([*said[:place], other, *said[place:]]), DEFAULT_LIMITS) is None


def letters(count: int, op: str = "send", field: str = "to") -> list[Json]:
    return [{"op": op, "id": new_id(), field: "b", "body": 1} for _ in range(count)]


SPOILERS: dict[str, Callable[[list[Json]], bytes]] = {
    "atomic": lambda said: frame(said, atomic=True),
    "another version": lambda said: frame(said, v=2),
    "nobody": lambda said: frame(said, bot=None),
    "no name": lambda said: frame(said, bot="a b"),
    "both kinds": lambda said: frame([*said, *letters(1, "publish", "channel")]),
    "both kinds, the other first": lambda said: frame([*letters(1, "publish", "channel"), *said]),
    "too few": lambda said: frame(said[: WORTH_IT - 1]),
    "none": lambda said: frame([], newer=[str(said)]),
    "cut off": lambda said: frame(said)[:-1],
    "followed by more": lambda said: frame(said) + b"\x00",
    "no map": wire.packed,
}


@pytest.mark.parametrize("spoil", SPOILERS.values(), ids=SPOILERS)
def test_a_frame_that_is_not_exactly_that_is_left_to_the_codec(
    spoil: Callable[[list[Json]], bytes],
) -> None:
    said = letters(WORTH_IT)
    assert decode_letters(frame(said), DEFAULT_LIMITS) is not None
    assert decode_letters(spoil(said), DEFAULT_LIMITS) is None


def test_limits_are_inclusive() -> None:
    data = frame(letters(WORTH_IT))
    assert decode_letters(data, Limits(requests_per_frame=WORTH_IT, frame_bytes=len(data)))
    for limits in (Limits(frame_bytes=len(data) - 1), Limits(requests_per_frame=WORTH_IT - 1)):
        assert decode_letters(data, limits) is None
        with pytest.raises(Refused):
            decode_frame(data, limits)


def test_who_claims_fewer_requests_elsewhere_gains_nothing() -> None:
    limits = Limits(requests_per_frame=WORTH_IT)
    claim = {"newer": {"requests": [0] * WORTH_IT}, "v": 1, "bot": "a"}
    data = wire.packed({**claim, "requests": letters(WORTH_IT + 1)})
    assert decode_letters(data, DEFAULT_LIMITS) is not None
    assert decode_letters(data, limits) is None


@pytest.mark.parametrize("count", [WORTH_IT, 15, 16, 300])
def test_any_number_is_taken(count: int) -> None:
    found = decode_letters(frame(letters(count)), DEFAULT_LIMITS)
    assert found is not None
    assert len(found.ids) == count


def test_a_frame_of_few_requests_is_not_decoded_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(bulk_mail, "_decode")
    for said in (letters(1), letters(WORTH_IT - 1), []):
        assert decode_letters(frame(said), DEFAULT_LIMITS) is None
    assert decode_letters(b"", DEFAULT_LIMITS) is None
    assert decode_letters(wire.packed("requests"), DEFAULT_LIMITS) is None


def test_the_smallest_frame_is_taken() -> None:
    smallest = [{"op": "send", "id": new_id(), "to": "b", "body": 0} for _ in range(WORTH_IT)]
    assert decode_letters(wire.packed({"v": 1, "bot": "a", "requests": smallest}), DEFAULT_LIMITS)
