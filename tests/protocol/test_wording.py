"""What is said of a field that does not fit: which field, and what to do."""

from typing import Any

import pytest

from botbus_protocol.codec import decode_frame
from botbus_protocol.errors import Fault
from botbus_protocol.grammar import new_id
from botbus_protocol.limits import Limits
from tests.protocol import strategies as wire

WORKSTREAM = {"op": "create_workstream", "id": new_id(), "title": "t"}
WRONG: list[tuple[dict[str, Any], str]] = [
    (WORKSTREAM | {"title": "x" * 501}, "title is too long: give at most 500 characters"),
    (WORKSTREAM | {"title": ""}, "title is empty: fill it in"),
    (WORKSTREAM | {"title": "\0a"}, "title begins with a NUL: leave that out"),
    (WORKSTREAM | {"tags": ["t"] * 101}, "tags is too long: give at most 100 entries"),
    (WORKSTREAM | {"state": "gone"}, "state cannot be 'gone': use active, paused or archived"),
    (WORKSTREAM | {"title": None}, "Expected `str`, got `None` (in title)"),
    ({"op": "create_task", "id": new_id(), "title": "t"}, "task_type is missing: give it"),
    (
        {"op": "end_session", "id": new_id(), "turn_count": -1},
        "turn_count must be at least 0",
    ),
    (
        {"op": "begin_step", "run": new_id(), "step": "s", "lease": "1", "wait": {"kind": "nap"}},
        "wait.kind cannot be 'nap': use sleep, message, approval or child",
    ),
    (
        {"op": "list_tasks", "status": "done"},
        "status cannot be 'done': use pending, running, completed, failed or cancelled",
    ),
]


@pytest.mark.parametrize(("request_", "said"), WRONG)
def test_the_sentence_says_what_to_do(request_: dict[str, Any], said: str) -> None:
    assert sentence_about(request_) == f"{request_['op']}: {said}"


def test_what_a_stranger_sent_is_shown_by_its_beginning() -> None:
    said = sentence_about(WORKSTREAM | {"state": "x" * 500_000})
    assert len(said) < 150
    assert said.endswith("use active, paused or archived")


def sentence_about(request_: dict[str, Any]) -> str:
    data = wire.packed({"v": 1, "bot": "me", "requests": [request_]})
    (fault,) = decode_frame(data, Limits()).requests
    assert isinstance(fault, Fault)
    return fault.message
