"""Bytes to messages, however the socket cuts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botbus_protocol.framing import HEAD, MOST_WORDS, WORD, Garbage, Unframer, framed, parted

ROUTES = st.integers(0, 2**31 - 1).map(lambda number: (1 << 31 | number).to_bytes(WORD))
HOPS = st.lists(st.integers(0, 2**31 - 1), max_size=MOST_WORDS - 1).map(
    lambda words: b"".join(word.to_bytes(WORD) for word in words)
)


@given(st.lists(st.tuples(ROUTES, st.binary(max_size=50))), st.lists(st.integers(1, 40)))
def test_messages_survive_any_cutting(said: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    stream = b"".join(framed(route, body) for route, body in said)
    unframer = Unframer()
    heard = []
    for cut in [*cuts, len(stream)]:
        heard += unframer.feed(stream[:cut])
        stream = stream[cut:]
    assert [parted(message) for message in heard] == said


@given(HOPS, ROUTES, st.binary())
def test_a_route_ends_with_the_word_that_says_so(hops: bytes, last: bytes, body: bytes) -> None:
    assert parted(hops + last + body) == (hops + last, body)


@pytest.mark.parametrize("message", [bytes(4), bytes(400), b"\x7f\xff\xff\xff\x80"])
def test_a_route_without_an_end_is_garbage(message: bytes) -> None:
    with pytest.raises(Garbage):
        parted(message)


def test_of_a_long_message_only_so_much_is_kept_as_shows_that_it_is_long() -> None:
    unframer = Unframer(most=10, longest=1000)
    assert unframer.feed(framed(b"\x80\0\0\1", b"x" * 900)) == [b"\x80\0\0\1xxxxxx"]
    assert unframer.feed(framed(b"\x80\0\0\2", b"y")) == [b"\x80\0\0\2y"]


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\n",
        bytes(HEAD),
        b"\1" + (3).to_bytes(8),
        b"\1" + (1001).to_bytes(8),
        b"\1" + b"\xff" * 8,
    ],
)
def test_what_is_no_message_is_garbage(noise: bytes) -> None:
    with pytest.raises(Garbage):
        Unframer(most=10, longest=1000).feed(noise)


def test_what_is_too_long_is_garbage_however_it_came() -> None:
    with pytest.raises(Garbage):
        Unframer(most=100, longest=10).feed(framed(b"\x80\0\0\0", b"x" * 20))
