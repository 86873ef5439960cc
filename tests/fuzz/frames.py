"""Frames for a daemon that keeps what it is told: about few things, so that requests meet.

A request about a thing that exists goes much further than one about nothing. So names and ids are of a
handful, and stand for things that are there (`scene`): their true ids, seqs and leases are put in
where a frame is about to be said, and only then it is spoiled.
"""

from functools import cache
from random import Random
from typing import Any, NamedTuple

import msgpack  # type: ignore[import-untyped]  # it has no types
from hypothesis import strategies as st
from msgspec import Raw, inspect

from botbus_protocol.codec import OPS, decode_frame
from botbus_protocol.errors import Fault, Refused
from botbus_protocol.limits import DEFAULT_LIMITS
from botbus_protocol.requests import Offer, Request, WaitFor
from tests.fuzz.mutation import spoiled_bytes, spoiled_value
from tests.protocol import strategies as wire
from tests.protocol import structs

BRIEF = 0.02
"""Seconds that a request of these may be parked for."""

IDS = [wire.as_version_7(number) for number in (1, 2, 3, 4)]
"""Of things that are there, but the last one."""
RUN_LEASES = ["$run-1", "$run-2", "$run-3"]
SEQS = [2**60 + 1, 2**60 + 2]
DELIVERY_LEASES = ["$delivery-1", "$delivery-2"]

names = st.sampled_from(["ada", "bo", "builds", "nightly"])
ids = st.sampled_from(IDS)
versions = st.sampled_from(["1", "2"])
STEPS = [{"id": "tag"}, {"id": "ship", "depends_on": ["tag"]}]
definitions = st.fixed_dictionaries(
    {"name": names, "steps": st.just(STEPS)},
    optional={"id": ids, "version": versions, "concurrency": st.integers(1, 2)},
)
waits = st.sampled_from(
    [
        WaitFor(kind="approval"),
        WaitFor(kind="sleep", seconds=BRIEF),
        WaitFor(kind="message", channel="builds"),
        WaitFor(kind="message", seconds=BRIEF, where={"a": 1}),
        WaitFor(kind="child", child=IDS[1]),
    ]
)
KNOWN: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(["to", "bot", "name", "channel", "owner", "peer_bot"], names),
    **dict.fromkeys(["id", "reply_to", "thread", "session_id", "task_id", "run_id"], ids),
    **dict.fromkeys(["run", "parent"], ids),
    "workflow": names | ids,
    "workstream_id": ids | st.just("scratch"),
    "task_ids": st.lists(ids, max_size=3, unique=True),
    "key": st.sampled_from(["color", "b/c"]),
    "cron": st.sampled_from(["* * * * *", "0 5 * * 1", "0 0 30 2 *", "* *"]),
    "timezone": st.sampled_from(["UTC", "Europe/Berlin", "Nowhere"]),
    "step": st.sampled_from(["tag", "ship"]),
    "seq": st.sampled_from(SEQS),
    "seqs": st.lists(st.sampled_from(SEQS), max_size=2),
    "version": versions,
    "definition": definitions.map(wire.packed).map(Raw),
    "workflows": st.lists(st.builds(Offer, id=ids, version=versions), max_size=2),
    "leases": st.dictionaries(ids, st.sampled_from(RUN_LEASES), max_size=2),
    "attempt": st.integers(0, 3),
    "timeout": st.floats(0.0, BRIEF),
}
"""What fields of these names hold, so that one request finds what another has made."""


@cache
def request(op: str) -> st.SearchStrategy[Request]:
    """Any request of an operation, about what may be there."""
    info = inspect.type_info(OPS[op])
    assert isinstance(info, inspect.StructType)
    fields = structs.fields_of(info)
    for field in info.fields:
        if (known := _about(field, of_delivery="seq" in fields)) is not None:
            fields[field.name] = known
    return structs.built(OPS[op], fields)


def _about(field: inspect.Field, *, of_delivery: bool) -> st.SearchStrategy[Any] | None:
    kinds = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
    is_number = any(isinstance(kind, inspect.FloatType) for kind in kinds)
    match field.name:
        case "wait":
            return st.floats(0.0, BRIEF) if is_number else waits
        case "lease" if is_number:
            return st.floats(0.1, 60.0)
        case "lease":
            return st.sampled_from(DELIVERY_LEASES if of_delivery else RUN_LEASES)
    return KNOWN.get(field.name)


requests = st.sampled_from(sorted(OPS)).flatmap(request)
right = st.builds(
    lambda bot, atomic, asked: {
        "v": 1,
        "bot": bot,
        "atomic": atomic,
        "requests": [structs.as_map(request) for request in asked],
    },
    st.sampled_from(["ada", "ada", "ada", "bo", None]),
    st.sampled_from([False, False, False, True]),
    st.lists(requests, min_size=1, max_size=4),
)
"""Frames as a client would send them, before they are packed."""


class Draft(NamedTuple):
    """A frame that is right, and how many wrongs are to be put into it."""

    frame: Any
    wrong_values: int
    wrong_bytes: int
    seed: int

    def written(self, known: dict[Any, Any]) -> bytes:
        """The bytes of the frame, about the things that are known by these ids, seqs and leases."""
        random = Random(self.seed)
        frame = _filled(self.frame, known)
        for _ in range(self.wrong_values):
            frame = spoiled_value(frame, random)
        data: bytes = msgpack.packb(frame)
        for _ in range(self.wrong_bytes):
            data = spoiled_bytes(data, random)
        return data


def _filled(value: Any, known: dict[Any, Any]) -> Any:
    if isinstance(value, dict):
        return {_filled(key, known): _filled(inner, known) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, known) for inner in value]
    return known.get(value, value) if isinstance(value, str | int) else value


drafts = st.builds(
    Draft,
    right,
    st.sampled_from([0, 0, 1, 1, 2]),
    st.sampled_from([0, 0, 0, 0, 1, 2]),
    st.integers(0, 2**32),
)


def asked_of(data: bytes) -> list[Request | Fault] | None:
    """The requests of a frame and what is in the place of wrong ones; None if it is refused."""
    try:
        return [*decode_frame(data, DEFAULT_LIMITS).requests]
    except Refused:
        return None


def is_brief(data: bytes) -> bool:
    """Whether the daemon answers a frame soon: a wrong in it may have made it wait for years."""
    parked = (
        getattr(request, field, 0.0)
        for request in asked_of(data) or ()
        if isinstance(request, Request) and request.parks
        for field in ("wait", "timeout")
    )
    return sum(parked) <= 4 * BRIEF
