"""The figures that the page tells in its sentences are those of the code."""

import pytest
from msgspec import Struct, inspect

from botbus_daemon.listener import MOST_UNREAD, READ_TO_REFUSE
from botbus_daemon.parking import MOST_PER_CONNECTION
from botbus_daemon.pipe import REST_SECONDS, UNREAD_SECONDS
from botbus_daemon.planning import MOST_ANSWER_BYTES
from botbus_daemon.presence import MOST_BOTS
from botbus_protocol import bodies, grammar, requests
from botbus_protocol.codec import OPS
from botbus_storage.operations import MOST_DEAD
from botbus_storage.reading.history import MOST_DELIVERIES
from botbus_storage.reading.rows import READ_BYTES
from tests.protocol import page

MIB = 1024 * 1024
SENTENCES = [
    f"At most {MOST_PER_CONNECTION} may be parked on one connection",
    f"{MOST_PER_CONNECTION} requests are parked on this connection",
    f"or it speaks for {MOST_BOTS:,} bots",
    f"Who reads nothing of it for {UNREAD_SECONDS:g} seconds is hung up on",
    f"most of it when {MOST_UNREAD // MIB} MiB wait for all clients together",
    f"does not send the rest of a frame within {REST_SECONDS:g} seconds",
    f"may speak for several bots (at most {MOST_BOTS:,})",
    f"One of more than {READ_TO_REFUSE} times that is not even read",
    f"ends with the message that takes it beyond {READ_BYTES // MIB} MiB",
    f"the replies to one frame are beyond {MOST_ANSWER_BYTES // MIB} MiB together",
    f"at most {bodies.MAX_DEPTH} levels deep",
    f"are 1-{grammar.NAME_LENGTH} of `a-z A-Z 0-9 . _ -`",
    f"what kind of message it is; 1-{requests.MAX_TEXT} characters",
    f"a name has 1-{requests.MAX_TEXT} characters",
    f"at most {requests.MAX_REASON:,} characters",
    f"which, at most {requests.MAX_SEQS:,}; by default all, up to {MOST_DEAD:,} at once",
    f"seconds, 0.1 to {requests.LONGEST_LEASE:,.0f}, until",
    f"that it waits for; at most {MOST_DELIVERIES:,}",
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_figure_is_that_of_the_code(sentence: str) -> None:
    assert sentence in " ".join(page.text().split())


def test_ten_years_are_the_longest_span() -> None:
    assert "at most ten years" in page.chapter("Values")
    assert 10 * 365 * 86400 <= requests.LONGEST <= 10 * 366 * 86400


def lengths(kind: inspect.Type) -> set[int]:
    """The longest that a type lets its text or list be."""
    if isinstance(kind, inspect.UnionType):
        return set[int]().union(*map(lengths, kind.types))
    longest = getattr(kind, "max_length", None)
    return set() if longest is None else {longest}


@pytest.mark.parametrize(("op", "kind"), OPS.items())
def test_the_longest_text_and_list_are_told_at_the_field(op: str, kind: type[Struct]) -> None:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    rows = page.fields(page.sections("Requests")[op])
    for field in info.fields:
        meaning = rows[field.name].meaning
        for longest in lengths(field.type):
            assert f"{longest:,}" in meaning or "as for" in meaning, field.name
