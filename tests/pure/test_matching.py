"""Which waiting step a message is for."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw

from botbus_daemon.runs.matching import Matching, MessageWait, fits
from botbus_protocol.records import Message
from botbus_storage.reading.waits import OpenWait
from botbus_storage.workflow_operations import StepWait


def wait(run: str, step: str = "s", *, after: int = 0, **fields: Any) -> MessageWait:
    if where := fields.pop("where", None):
        fields["where"] = msgspec.json.encode(where).decode()
    if "channel" not in fields:
        fields.setdefault("bot_id", "B")
    step_wait = StepWait(kind=fields.pop("kind", "message"), **fields)
    return MessageWait.of(OpenWait(run=run, step=step, wait=step_wait, after_seq=after))


def message(seq: int = 1, body: Any = None, **fields: Any) -> Message:
    raw = Raw(msgspec.msgpack.encode(body))
    return Message(seq=seq, id=str(seq), sender=fields.pop("sender", "x"), body=raw, **fields)


def runs(waits: list[MessageWait]) -> list[str]:
    return [one.open.run for one in waits]


@pytest.mark.parametrize(
    ("wanted", "got", "fitting"),
    [
        ({}, {}, True),
        ({"type": "a"}, {"type": "a"}, True),
        ({"type": "a"}, {}, False),
        ({"sender": "x"}, {}, True),
        ({"sender": "y"}, {}, False),
        ({"reply_to": "M"}, {"reply_to": "M"}, True),
        ({"reply_to": "M"}, {}, False),
        ({"channel": "c", "after": 1}, {"channel": "c"}, False),
        ({"channel": "c", "after": 0}, {"channel": "c"}, True),
        ({"where": {"a": 1}}, {"body": {"a": 1, "b": 2}}, True),
        ({"where": {"a": 1}}, {"body": {"a": 1.0}}, True),
        ({"where": {"a": 1}}, {"body": {"a": True}}, False),
        ({"where": {"a": False}}, {"body": {"a": 0}}, False),
        ({"where": {"a": None}}, {"body": {}}, False),
        ({"where": {"a": 1}}, {"body": [1]}, False),
        ({"kind": "approval"}, {"body": True}, True),
        ({"kind": "approval"}, {"body": {"approved": False}}, True),
        ({"kind": "approval"}, {"body": "yes"}, False),
        ({"kind": "approval"}, {"body": {"approved": 1}}, False),
    ],
)
def test_a_message_fits_or_does_not(
    wanted: dict[str, Any], got: dict[str, Any], *, fitting: bool
) -> None:
    assert fits(wait("r", **wanted), message(**got)) is fitting


def test_the_oldest_wait_of_a_mailbox_comes_first() -> None:
    matching = Matching()
    fields: list[dict[str, Any]] = [{"reply_to": "M"}, {}, {"type": "a"}, {}]
    for number, wanted in enumerate(fields, 1):
        matching.add(wait(str(number), **wanted))
    assert runs(matching.candidates(message(reply_to="M"), "B")) == ["1", "2", "4"]
    assert runs(matching.candidates(message(type="a"), "B")) == ["2", "3", "4"]
    assert matching.candidates(message(), "C") == []


def test_in_a_channel_it_is_the_oldest_of_each_run() -> None:
    matching = Matching()
    for run, step in (("1", "a"), ("2", "a"), ("1", "b")):
        matching.add(wait(run, step, channel="c"))
    found = matching.candidates(message(channel="c"), None)
    assert [one.key for one in found] == [("1", "a"), ("2", "a")]
    matching.discard(("1", "a"))
    found = matching.candidates(message(channel="c"), None)
    assert [one.key for one in found] == [("2", "a"), ("1", "b")]


def test_a_wait_is_there_until_it_is_discarded() -> None:
    matching = Matching()
    fields: list[dict[str, Any]] = [{}, {"reply_to": "M"}, {"channel": "c"}]
    for number, where in enumerate(fields):
        matching.add(wait("r", str(number), **where))
        matching.add(wait("r", str(number), **where))  # a repeat
    assert len(matching) == 3
    assert matching.wants("c", None)
    assert matching.wants(None, "B")
    matching.discard(("r", "0"))
    assert matching.find(("r", "0")) is None
    assert not matching.candidates(message(), "B")
    matching.discard_run("r")
    matching.discard_run("r")
    assert len(matching) == 0
    assert not matching.wants("c", None)
    assert not matching.wants(None, "B")
