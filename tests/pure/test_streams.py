"""Streams: what is in the tail is complete above the floor, and memory is bounded."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from botbus_daemon.streams import TAIL_MESSAGES, Memory, Stream, Streams, merge, size_of
from botbus_protocol.records import Message


def message(seq: int, *, channel: str | None = None, size: int = 10) -> Message:
    body = msgspec.Raw(msgspec.msgpack.encode("x" * size))
    return Message(seq=seq, id=str(seq), sender="a", channel=channel, body=body)


class Sleeper:
    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


@given(st.lists(st.integers(1, 5000), max_size=60), st.integers(0, 100), st.integers(1000, 20_000))
def test_above_the_floor_nothing_is_missing(sizes: list[int], position: int, limit: int) -> None:
    memory = Memory(limit)
    stream = Stream(memory, 0)
    for seq, size in enumerate(sizes, start=1):
        stream.append(message(seq, size=size))
    assert memory.used <= limit
    assert memory.used == sum(size_of(m) for m in stream.tail)
    if position >= stream.floor:
        expected = list(range(position + 1, len(sizes) + 1))
        assert [m.seq for m in stream.after(position)] == expected


def test_the_tail_is_bounded_in_messages() -> None:
    stream = Stream(Memory(), 0)
    for seq in range(1, TAIL_MESSAGES + 50):
        stream.append(message(seq))
    assert len(stream.tail) == TAIL_MESSAGES
    assert stream.floor == 49


def test_streams_share_one_memory_and_give_it_back() -> None:
    streams = Streams(0)
    for bot in ("a", "b"):
        streams.open(bot, "")
        streams.open(bot, "builds")
    streams.route(message(1), "a")
    streams.route(message(2, channel="builds"), None)
    streams.route(message(3), "nobody")
    assert streams.head == 3
    assert streams._memory.used == 2 * size_of(message(1))
    for bot in ("a", "b"):
        streams.close(bot, "")
        streams.close(bot, "builds")
    assert streams._memory.used == 0
    assert not streams.wants("builds", None)


def test_publishing_wakes_only_those_who_wait() -> None:
    streams = Streams(0)
    one, two = Sleeper(), Sleeper()
    streams.open("a", "builds").waiting.add(one)
    streams.open("b", "builds")
    streams.open("c", "other").waiting.add(two)
    streams.route(message(1, channel="builds"), None)
    assert (one.woken, two.woken) == (1, 0)


@given(st.lists(st.lists(st.integers(1, 1000), unique=True), max_size=5))
def test_merged_streams_are_in_commit_order(parts: list[list[int]]) -> None:
    merged = merge([[message(seq) for seq in sorted(part)] for part in parts])
    assert [m.seq for m in merged] == sorted(seq for part in parts for seq in part)
