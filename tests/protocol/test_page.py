"""The pages of the protocol and the code say the same: nothing is missing, and nothing is too much."""

import json
import os
import re
import subprocess
import sys
from typing import get_args

import msgpack  # type: ignore[import-untyped]  # it has no types
import msgspec
import pytest
from msgspec import Struct, inspect

from botbus_protocol import record_states, records, replies, requests, states
from botbus_protocol.codec import (
    OPS,
    decode_frame,
    decode_replies,
    encode_frame,
    encode_replies,
)
from botbus_protocol.errors import Code, Fault
from botbus_protocol.limits import DEFAULT_LIMITS, Limits
from botbus_protocol.replies import REPLY_OF, AnyReply
from botbus_protocol.requests import Fetch, Request
from botbus_protocol.run_events import SYSTEM_BOT
from tests.daemon.plain import Plain
from tests.daemons import DaemonProcess
from tests.protocol import page

KINDS = {str(kind.__struct_config__.tag): kind for kind in get_args(AnyReply)}
RECORDS: dict[str, type[Struct]] = {
    name: kind
    for name, kind in {**vars(records), **vars(requests)}.items()
    if isinstance(kind, type) and issubclass(kind, Struct) and not issubclass(kind, Request)
} | {"Limits": Limits}

PARTS: dict[str, dict[str, type[Struct]]] = {
    "Requests": {**OPS},
    "Replies": KINDS,
    "Records": RECORDS,
    "Errors": {"Error": Fault},
}
"""The structs that each chapter has a section for."""

CHOICES: dict[str, tuple[str, ...]] = {
    "DeliveryRecord.state": get_args(records.DeliveryState),
    "save_definition.owner_type": get_args(records.OwnerType),
    "Definition.status": get_args(records.WorkflowStatus),
    "Run.status": get_args(states.RunStatus),
    "Step.status": get_args(states.StepStatus),
    "Wait.kind": get_args(records.WaitKind),
    "WaitFor.kind": ("sleep", "message", "approval", "child"),
    "Notice.kind": get_args(records.NoticeKind),
    "save_schedule.catch_up": get_args(records.CatchUp),
    "Workstream.state": get_args(records.WorkstreamState),
    "Session.session_type": get_args(records.SessionType),
    "Task.status": get_args(record_states.TaskStatus),
    "ToolExecution.status": get_args(record_states.ExecutionStatus),
    "Connection.connection_type": get_args(records.ConnectionType),
    "Configuration.value_type": get_args(records.ValueType),
}
"""What a field may hold, where the table lists it; other fields refer to these."""

SIMPLE: dict[type[inspect.Type], str] = {
    inspect.StrType: "text",
    inspect.LiteralType: "text",
    inspect.IntType: "integer",
    inspect.FloatType: "number",
    inspect.BoolType: "bool",
    inspect.NoneType: "nil",
    inspect.RawType: "any",
    inspect.AnyType: "any",
}


def wire_type(kind: inspect.Type) -> str:
    """A type in the words of the page."""
    if isinstance(kind, inspect.Metadata):
        return wire_type(kind.type)
    if isinstance(kind, inspect.UnionType):
        return " or ".join(wire_type(part) for part in kind.types)
    if isinstance(kind, inspect.DictType):
        value = wire_type(kind.value_type)
        return "map" if value == "any" else f"map of {value}"
    if isinstance(kind, inspect.ListType):
        return f"list of {wire_type(kind.item_type)}"
    if isinstance(kind, inspect.TupleType):
        return f"list of {wire_type(kind.item_types[0])}"
    if isinstance(kind, inspect.StructType):
        return kind.cls.__name__
    return SIMPLE[type(kind)]


def default_of(field: inspect.Field) -> str:
    if field.required:
        return "required"
    if isinstance(field.default, msgspec.Raw):
        return json.dumps(msgspec.msgpack.decode(field.default))
    if field.default is not msgspec.NODEFAULT:
        return json.dumps(field.default)
    assert field.default_factory is not msgspec.NODEFAULT
    return json.dumps(field.default_factory())


def told_by_code(kind: type[Struct]) -> dict[str, tuple[str, str]]:
    """The fields of a struct with type and default, in the words of the page."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return {f.encode_name: (wire_type(f.type), default_of(f)) for f in info.fields}


def told_by_page(section: str) -> dict[str, tuple[str, str]]:
    return {name: (row.type, row.default) for name, row in page.fields(section).items()}


@pytest.mark.parametrize("chapter", PARTS)
def test_every_struct_has_a_section(chapter: str) -> None:
    assert sorted(page.sections(chapter)) == sorted(PARTS[chapter])


@pytest.mark.parametrize(
    ("chapter", "name"), [(chapter, name) for chapter, structs in PARTS.items() for name in structs]
)
def test_every_struct_is_there_with_every_field(chapter: str, name: str) -> None:
    section = page.sections(chapter).get(name)
    assert section is not None, f"{name} has no section in a chapter {chapter}"
    assert told_by_page(section) == told_by_code(PARTS[chapter][name])


def test_every_link_leads_somewhere() -> None:
    for where, path, anchor in page.links():
        target = (where.parent / path).resolve() if path else where
        assert target.exists(), f"{where.name}: {path}"
        assert not anchor or anchor in page.anchors(target), f"{where.name}: {path}#{anchor}"


def test_every_error_code_is_there() -> None:
    assert page.codes(page.chapter("Errors")) == [code.value for code in Code]


def test_every_request_names_its_reply_and_what_it_may_do() -> None:
    for op, section in page.sections("Requests").items():
        kind = OPS[op]
        (reply,) = re.findall(r"→ \[`(\w+)`\]\((?:\.\./protocol\.md)?#(\w+)\)", section)
        tag = str(REPLY_OF[kind].__struct_config__.tag)
        assert reply == (tag, tag)
        prose = section.split("|")[0]
        assert ("Parks" in prose) == kind.parks, op
        assert ("Mutates." in prose) == (kind.mutates and not kind.parks), op


def test_every_request_is_said_how_to_repeat() -> None:
    said = set(re.findall(r"`(\w+)`", page.chapter("Repeating")))
    changing = {op for op, kind in OPS.items() if kind.mutates or op == "fetch"}
    assert changing <= said


@pytest.mark.parametrize("field", CHOICES)
def test_what_a_field_may_hold_is_there(field: str) -> None:
    struct, name = field.split(".")
    sections = page.sections("Records") | page.sections("Requests")
    told = re.findall(r"`(\w+)`", page.fields(sections[struct])[name].meaning)
    assert told == list(CHOICES[field])


def test_whatever_the_page_calls_code_exists() -> None:
    """Words in code style that look like fields, operations or codes are some."""
    known = {*OPS, *KINDS, *RECORDS, *(code.value for code in Code)}
    for kind in (*OPS.values(), *KINDS.values(), *RECORDS.values(), Fault):
        known |= set(kind.__struct_fields__)
    known |= {"v", "bot", "atomic", "requests", "replies", "op", "kind", "ok", "error", "Error"}
    known |= {word for words in CHOICES.values() for word in words} | {"new", "first", "required"}
    known |= {SYSTEM_BOT}
    known |= {records.SCRATCH}
    known |= {"supported", "figure", "retry_after", "chain"}  # in the details
    known |= {"failed_request", "request", "from"}
    known |= {"null", "true", "false"}
    prose = re.sub(r"^```.*?^```$", "", page.text(), flags=re.MULTILINE | re.DOTALL)
    words = set(re.findall(r"`([a-z_]+)`", prose))
    assert words - known == set()


def test_the_example_bytes_are_the_maps_beside_them() -> None:
    shown = re.findall(r'`(\{"v": 1, .*\})`[,:]', page.chapter("Frames"))
    maps = [json.loads(text) for text in shown]
    data = [bytes.fromhex(page.block(kind)) for kind in ("hex request", "hex answer")]
    assert [msgpack.unpackb(part) for part in data] == maps
    assert [msgpack.packb(part) for part in maps] == data
    said = encode_frame("coder", [Fetch()])
    assert decode_frame(data[0], DEFAULT_LIMITS) == decode_frame(said, DEFAULT_LIMITS)
    assert encode_replies(decode_replies(data[1])) == data[1]


def test_the_example_bytes_are_what_is_spoken(daemon: DaemonProcess) -> None:
    said = bytes.fromhex(page.block("hex request"))
    with Plain(daemon) as client, client.socket.new_context() as context:
        context.send(said)
        assert context.recv() == bytes.fromhex(page.block("hex answer"))


def test_the_example_client_runs(daemon: DaemonProcess) -> None:
    client = page.block("python")
    ended = subprocess.run(
        [sys.executable, "-c", client],
        env={**os.environ, "BOTBUS_URL": daemon.url},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.stderr == ""
    assert ended.stdout == "{'task': 'fix #12'}\n"
    with Plain(daemon, "planner") as bot:
        assert bot.fetch(wait=0.1) == []


def test_the_example_client_has_thirty_lines() -> None:
    lines = [line for line in page.block("python").splitlines() if line.strip()]
    code = [line for line in lines if not line.startswith(("import ", "from "))]
    assert len(code) <= 30
    assert "botbus_protocol" not in page.block("python")


def test_the_limits_told_are_those_in_force(daemon: DaemonProcess) -> None:
    with Plain(daemon) as client:
        welcome = client.ok("hello")
    told = {
        name: json.loads(row.default)
        for name, row in page.fields(page.sections("Records")["Limits"]).items()
    }
    assert welcome["limits"] == told
    assert welcome["protocol"] == 1


def test_every_kind_of_reply_is_of_some_request() -> None:
    assert {*REPLY_OF.values()} == {*KINDS.values()}
    assert {*REPLY_OF} == {*OPS.values()}
    assert replies.Reply not in KINDS.values()
