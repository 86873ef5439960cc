"""Requests and replies of every kind for property tests, made from the structs themselves.

Whatever is added to the protocol is tried without a word here, unless its fields have rules of their
own.
"""

import re
from functools import cache
from typing import Any

import msgpack  # type: ignore[import-untyped]  # it has no types
from hypothesis import strategies as st
from msgspec import Raw, Struct, inspect

from botbus_protocol.codec import OPS, encode
from botbus_protocol.errors import Code, Fault
from botbus_protocol.replies import REPLY_OF, Reply
from botbus_protocol.requests import Request
from tests.protocol import strategies as wire

KINDS = {str(kind.__struct_config__.tag): kind for kind in REPLY_OF.values()}
"""Every reply by its name on the wire."""

times = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
spans = st.floats(0.1, 86_400.0)
RULES: dict[str, st.SearchStrategy[Any]] = {
    "id": wire.ids,
    "reply_to": wire.ids,
    "thread": wire.ids,
    "to": wire.names | wire.ids,
    "bot": wire.names | wire.ids,
    "name": wire.names,
    "channel": wire.names,
    "between": st.tuples(wire.names, wire.names),
    "type": st.text(min_size=1, max_size=256),
    "headers": st.dictionaries(st.text(min_size=1, max_size=9), wire.texts, max_size=3),
    "deliver_at": times,
    "start": st.sampled_from(["new", "first"]) | times | st.integers(0, 2**63 - 1),
    "history.before": times | st.integers(0, 2**63 - 1),
    "max": st.integers(1, 2**63),
    "limit": st.integers(1, 2**63),
    "workflow": wire.names | wire.ids,
    "owner": wire.names | wire.ids,
    "sender": wire.names | wire.ids,
    "run": wire.ids,
    "parent": wire.ids,
    "child": wire.ids,
    "created_after": times,
    "created_before": times,
    "started_after": times,
    "started_before": times,
    "before_id": wire.ids,
    "workstream_id": wire.ids | st.just("scratch"),
    "session_id": wire.ids,
    "task_id": wire.ids,
    "task_ids": st.lists(wire.ids, max_size=3, unique=True),
    "run_id": wire.ids,
    "peer_bot": wire.names | wire.ids,
    "tags": st.lists(st.sampled_from(["#done", "größe", "v1.2"]), max_size=3),
    "key": st.from_regex(r"[A-Za-z0-9._:/-]{1,40}", fullmatch=True),
    "prefix": st.from_regex(r"[A-Za-z0-9._:/-]{0,40}", fullmatch=True),
}
"""Fields of requests, and of what is in them, that take less than their type does: by name, or by
operation and name."""


def any_of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Any value of a type."""
    match kind:
        case inspect.Metadata():
            return any_of(kind.type)
        case inspect.UnionType():
            return st.one_of(*map(any_of, kind.types))
        case inspect.StructType():
            return built(kind.cls, fields_of(kind))
        case inspect.ListType():
            return st.lists(any_of(kind.item_type), max_size=2)
        case inspect.DictType():
            return st.dictionaries(any_of(kind.key_type), any_of(kind.value_type), max_size=2)
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
    return scalar_of(kind)


def fields_of(kind: inspect.StructType) -> dict[str, st.SearchStrategy[Any]]:
    """Any value of each field of a struct, within the rules if it is said to the daemon."""
    tag = f"{kind.cls.__struct_config__.tag}"
    checked = kind.cls.__module__.startswith("botbus_protocol.requests.")
    rules = RULES if checked else {}
    found = {}
    for field in kind.fields:
        rule = rules.get(f"{tag}.{field.name}", rules.get(field.name))
        found[field.name] = any_of(field.type) if rule is None else rule
    return found


def scalar_of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StrType():
            least, most = kind.min_length or 0, min(kind.max_length or 20, 20)
            found = st.text(min_size=least, max_size=most)
            return found.filter(re.compile(kind.pattern or "").search)
        case inspect.IntType():
            least = -(2**63) if kind.ge is None else kind.ge
            return st.integers(least, kind.le or 2**63 - 1)
        case inspect.RawType():
            return wire.values.map(wire.packed).map(Raw)
    simple: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
        inspect.NoneType: st.none(),
        inspect.BoolType: st.booleans(),
        inspect.FloatType: spans,
        inspect.AnyType: wire.values,
    }
    return simple[type(kind)]


def built(kind: type[Struct], fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Structs with all that is required and any of the rest; without those that refuse themselves."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    required = {field.name for field in info.fields if field.required}

    def make(chosen: dict[str, Any]) -> Struct | None:
        try:
            return kind(**chosen)
        except ValueError:
            return None  # two fields that may not stand together

    choices = st.fixed_dictionaries(
        {name: value for name, value in fields.items() if name in required},
        optional={name: value for name, value in fields.items() if name not in required},
    )
    return choices.map(make).filter(lambda struct: struct is not None)


@cache
def request(op: str) -> st.SearchStrategy[Request]:
    """Any request of an operation."""
    info = inspect.type_info(OPS[op])
    assert isinstance(info, inspect.StructType)
    return built(OPS[op], fields_of(info))


@cache
def reply(kind: str) -> st.SearchStrategy[Reply]:
    """Any reply of a kind."""
    return any_of(inspect.type_info(KINDS[kind]))


requests = st.sampled_from(sorted(OPS)).flatmap(request)
faults = st.builds(
    Fault,
    code=st.sampled_from([*Code, "of_the_future"]).map(str),
    message=st.text(),
    details=st.none() | st.dictionaries(wire.texts, wire.values, max_size=2),
)
answers = st.sampled_from(sorted(KINDS)).flatmap(reply) | faults


def as_map(struct: Struct) -> dict[str, Any]:
    """A struct as another language's library reads it."""
    found: dict[str, Any] = msgpack.unpackb(encode(struct))
    return found


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """A request with one field missing, or holding anything."""
    said = as_map(draw(requests))
    field = draw(st.sampled_from(sorted(said)))
    if draw(st.booleans()):
        del said[field]
    else:
        said[field] = draw(wire.anything)
    return said
