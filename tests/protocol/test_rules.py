"""What a request refuses by itself: the edges of every field, and fields that may not stand together.

The same rules hold where a client makes a request and where the daemon decodes it.
"""

from typing import Any

import pytest

from botbus_protocol.codec import OPS, decode_frame
from botbus_protocol.errors import Code, Fault
from botbus_protocol.limits import DEFAULT_LIMITS
from botbus_protocol.requests import LONGEST
from tests.protocol import strategies as wire
from tests.protocol.workflow_edges import WORKFLOW_EDGES, WORKFLOW_TOGETHER

ID = wire.as_version_7(2**128 - 1)
SEND = {"op": "send", "id": ID, "to": "b", "body": 1}
ASK = {**SEND, "op": "ask"}
ACK = {"op": "ack", "seq": 1, "lease": "1.1"}
NAK = {**ACK, "op": "nak"}
EXTEND = {**ACK, "op": "extend", "seconds": 5}
TERM = {**ACK, "op": "term", "reason": ""}
SUBSCRIBE = {"op": "subscribe", "channel": "c"}
CHANNEL = {"op": "history", "channel": "c"}
DROP = {"op": "drop_dead", "bot": "b"}

EDGES: list[tuple[dict[str, Any], str, list[Any], list[Any]]] = [
    (SEND, "type", ["x", "x" * 256], ["", "x" * 257]),
    (SEND, "headers", [{}, {"x" * 256: ""}], [{"": "x"}, {"x" * 257: "x"}, {"x": 1}]),
    (SEND, "ttl", [None, 0.001, 1, LONGEST], [0, 0.0009, -1, LONGEST + 1, float("nan"), True]),
    (SEND, "delay", [None, 0, LONGEST], [-0.1, LONGEST + 1, float("inf")]),
    (SEND, "deliver_at", ["2026-01-01T00:00:00Z"], ["", "2026-01-01T00:00:00", 5]),
    (SEND, "reply_to", [None, ID], ["", "b", ID.upper()]),
    (SEND, "to", ["b", "x" * 64, ID], ["", "x" * 65, "a b", None]),
    (ASK, "timeout", [0, LONGEST], [-1, LONGEST + 1, None]),
    (ACK, "seq", [0, 2**63 - 1], [-1, 2**63, 1.5]),
    (ACK, "lease", ["", "x" * 64], ["x" * 65, None]),
    (NAK, "delay", [None, 0, LONGEST], [-1, LONGEST + 1]),
    (NAK, "reason", ["", "x" * 1000], ["x" * 1001]),
    (TERM, "reason", ["x" * 1000], ["x" * 1001]),
    (EXTEND, "seconds", [0.1, 86_400], [0, 0.09, 86_400.1, float("nan")]),
    ({"op": "fetch"}, "max", [1, 2**63], [0, -1, 1.5]),
    ({"op": "fetch"}, "wait", [0, LONGEST], [-1, LONGEST + 1]),
    ({"op": "fetch"}, "lease", [0.1, 86_400], [0.09, 86_401]),
    ({"op": "fetch"}, "ticket", ["", "x" * 256], ["x" * 257]),
    ({"op": "cancel_fetch"}, "ticket", ["x", "x" * 256], ["", "x" * 257]),
    ({"op": "peek"}, "max", [1], [0]),
    ({"op": "peek"}, "wait", [0], [-1]),
    ({"op": "peek"}, "after", [0, 2**63 - 1], [-1, 2**63]),
    ({"op": "tail"}, "max", [1], [0]),
    ({"op": "tail"}, "wait", [0], [-1]),
    ({"op": "tail"}, "after", [None, 0, 2**63 - 1], [-1, 2**63]),
    ({"op": "tail"}, "bot", [None, "b", ID], ["", "a b"]),
    ({"op": "tail"}, "channel", [None, "c"], ["", ID]),
    (SUBSCRIBE, "start", ["new", "first", 0, "2026-01-01T00:00:00Z"], ["old", "", -1, 2**63, None]),
    (SUBSCRIBE, "channel", ["c"], ["", ID]),
    ({"op": "unsubscribe"}, "channel", ["c"], ["", ID]),
    ({"op": "create_channel"}, "name", ["c"], ["", ID, "a/b"]),
    ({"op": "get_channel"}, "name", ["c"], ["", ID]),
    ({"op": "publish", "id": ID, "body": 1}, "channel", ["c"], ["", ID]),
    ({"op": "recall"}, "id", [ID], ["", "b"]),
    ({"op": "show_message"}, "id", [ID], ["", "b"]),
    ({"op": "list_channels"}, "limit", [1], [0]),
    ({"op": "list_bots"}, "limit", [1], [0]),
    ({"op": "list_dead"}, "limit", [1], [0]),
    ({"op": "list_dead"}, "bot", [None, "b", ID], [""]),
    ({"op": "list_subscriptions"}, "bot", [None, "b", ID], [""]),
    ({"op": "list_subscribers", "channel": "c"}, "limit", [1], [0]),
    ({"op": "list_subscribers"}, "channel", ["c"], ["", ID]),
    (CHANNEL, "limit", [1], [0]),
    (CHANNEL, "before", [None, 0, 2**63 - 1, "2026-01-01T00:00:00Z"], [-1, 2**63, "yesterday"]),
    (CHANNEL, "after", [None, 0, "2026-01-01T00:00:00Z"], [-1, "yesterday"]),
    ({"op": "history"}, "between", [["a", "b"], ["a", ID]], [["a"], ["a", "b", "c"], ["a", ""]]),
    ({"op": "history"}, "channel", ["c"], ["", ID]),
    ({"op": "history"}, "thread", [ID], ["", "t"]),
    (DROP, "bot", ["b", ID], ["", "a b"]),
    (DROP, "seqs", [None, [], [0, 2**63 - 1], [1] * 10_000], [[-1], [2**63], [1] * 10_001]),
    ({**DROP, "op": "replay_dead"}, "seqs", [[1] * 10_000], [[1] * 10_001]),
]

TOGETHER = [
    {**SEND, "delay": 1, "deliver_at": "2026-01-01T00:00:00Z"},
    {**CHANNEL, "thread": ID},
    {**CHANNEL, "between": ["a", "b"]},
    {"op": "history"},
]


def found(request: dict[str, Any]) -> Any:
    frame = decode_frame(wire.packed({"v": 1, "requests": [request]}), DEFAULT_LIMITS)
    return frame.requests[0]


EDGES += WORKFLOW_EDGES
TOGETHER += WORKFLOW_TOGETHER


@pytest.mark.parametrize(
    ("base", "field", "good", "bad"), EDGES, ids=[f"{e[0]['op']}.{e[1]}" for e in EDGES]
)
def test_the_edges_of_a_field(base: dict[str, Any], field: str, good: Any, bad: Any) -> None:
    for value in good:
        taken = found({**base, field: value})
        assert type(taken) is OPS[base["op"]], value
    for value in bad:
        fault = found({**base, field: value})
        assert isinstance(fault, Fault), value
        assert fault.code == Code.INVALID
        assert fault.message.startswith(f"{base['op']}: ")
        assert field.rstrip("s") in fault.message


@pytest.mark.parametrize("request_", TOGETHER)
def test_what_may_not_stand_together(request_: dict[str, Any]) -> None:
    fault = found(request_)
    assert isinstance(fault, Fault)
    assert "give" in fault.message
