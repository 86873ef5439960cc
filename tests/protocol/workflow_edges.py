"""The edges of the fields of requests about workflows, runs and steps."""

from typing import Any

from botbus_protocol.requests import LONGEST
from tests.protocol import strategies as wire

ID = wire.as_version_7(2**128 - 1)
TIME = "2026-01-01T00:00:00Z"
CREATE = {"op": "create_run", "id": ID, "workflow": "w"}
MOVE = {"op": "update_run_status", "id": ID, "status": "paused"}
CLAIM: dict[str, Any] = {"op": "claim_runs", "workflows": []}
OFFER = {"id": ID, "version": "1"}
EXTEND: dict[str, Any] = {"op": "extend_runs", "leases": {}, "seconds": 1}
SUSPEND = {"op": "suspend_run", "id": ID, "lease": "1.1"}
STEP = {"run": ID, "step": "s", "lease": "1.1"}
BEGIN = {"op": "begin_step", **STEP}
COMPLETE = {"op": "complete_step", **STEP}
FAIL = {"op": "fail_step", **STEP, "error": "e"}
LOG = {"op": "create_step_log", "id": ID, "run": ID, "step": "s"}
DECIDE = {"op": "decide_step", "run": ID, "step": "s", "approved": True, "input_hash": ""}
SCHEDULE = {"op": "save_schedule", "id": ID, "workflow": "w", "cron": "* * * * *"}
NAME = {"op": "get_definition_by_name", "name": "w"}

WORKFLOW_EDGES: list[tuple[dict[str, Any], str, list[Any], list[Any]]] = [
    ({"op": "save_definition", "definition": {}}, "owner_type", ["bot", "global"], ["", "me"]),
    ({"op": "get_definition"}, "id", [ID], ["", "w"]),
    ({"op": "get_definition"}, "run", [ID], ["", "w"]),
    (NAME, "name", ["w", "x" * 64], ["", ID, "a b"]),
    (NAME, "owner", [None, "b", ID], ["", "a b"]),
    ({"op": "list_definitions"}, "limit", [1], [0]),
    ({"op": "delete_definition"}, "id", [ID], ["", "w"]),
    (SCHEDULE, "workflow", ["w", ID], ["", "a b"]),
    (SCHEDULE, "catch_up", ["none", "one", "all"], ["", "some", None]),
    ({"op": "list_schedules"}, "workflow", [None, "w", ID], ["", "a b"]),
    ({"op": "delete_schedule"}, "id", [ID], [""]),
    (CREATE, "id", [ID], ["", "r"]),
    (CREATE, "workflow", ["w", ID], ["", "a b"]),
    (CREATE, "key", [None, "x", "x" * 256], ["", "x" * 257]),
    (CREATE, "concurrency_key", [None, "x" * 256], ["", "x" * 257]),
    (CREATE, "concurrency_limit", [1, 1_000_000], [0, 1_000_001]),
    (CREATE, "priority", [-1_000_000, 1_000_000], [-1_000_001, 1_000_001]),
    (CREATE, "delay", [None, 0, LONGEST], [-1, LONGEST + 1]),
    (CREATE, "trigger_type", ["x", "x" * 64], ["", "x" * 65]),
    (CREATE, "parent", [None, ID], ["", "r"]),
    (CREATE, "lease", [None, 0.1, 86_400], [0.09, 86_401]),
    ({"op": "get_run"}, "id", [ID], [""]),
    ({"op": "list_runs"}, "workflow", [None, "w", ID], ["", "a b"]),
    ({"op": "list_runs"}, "status", [None, "crashed"], ["", "ready"]),
    ({"op": "list_runs"}, "created_after", [None, TIME], ["", "noon", 5]),
    ({"op": "list_runs"}, "created_before", [None, TIME], ["", "noon", 5]),
    ({"op": "list_runs"}, "before", [None, 0, 2**63 - 1], [-1, 2**63]),
    ({"op": "list_runs"}, "limit", [1], [0]),
    ({"op": "list_crashed_runs"}, "limit", [1], [0]),
    (MOVE, "status", ["running", "cancelled"], ["", "waiting", None]),
    (MOVE, "error", [None, "x" * 10_000], ["x" * 10_001]),
    (MOVE, "lease", [None, "", "x" * 64], ["x" * 65]),
    (CLAIM, "workflows", [[], [OFFER], [OFFER] * 1000], [[{"id": ID}], [OFFER] * 1001]),
    (CLAIM, "max", [0, 2**63], [-1]),
    (CLAIM, "wait", [0, LONGEST], [-1, LONGEST + 1]),
    (CLAIM, "lease", [0.1, 86_400], [0.09, 86_401]),
    (CLAIM, "ticket", ["", "x" * 256], ["x" * 257]),
    ({"op": "cancel_claim"}, "ticket", ["x", "x" * 256], ["", "x" * 257]),
    (EXTEND, "seconds", [0.1, 86_400], [0.09, 86_401]),
    (EXTEND, "leases", [{}, {ID: "1.1"}], [{ID: "x" * 65}, {str(i): "" for i in range(1001)}]),
    (SUSPEND, "retry_in", [None, 0, LONGEST], [-1, LONGEST + 1]),
    (SUSPEND, "heard", [0, 2**31], [-1]),
    ({"op": "retry_run", "id": ID}, "from_step", [None, "s", "x" * 256], ["", "x" * 257]),
    ({"op": "retry_run", "id": ID}, "attempt", [None, 0, 5], [-1]),
    ({"op": "wait_run", "id": ID}, "wait", [0, LONGEST], [-1, LONGEST + 1]),
    ({"op": "explain_run"}, "id", [ID], [""]),
    (BEGIN, "run", [ID], ["", "r"]),
    (BEGIN, "step", ["s", "x" * 256], ["", "x" * 257, None]),
    (BEGIN, "kind", ["k", "x" * 32], ["", "x" * 33]),
    (BEGIN, "elapsed", [None, 0, LONGEST], [-1, LONGEST + 1]),
    (COMPLETE, "attempt", [1, 2**31], [0, 2**31 + 1]),
    (COMPLETE, "elapsed", [0, LONGEST], [-1, LONGEST + 1]),
    (COMPLETE, "context", [None, {}, {"k": None}], [1, [], {1: 2}]),
    (FAIL, "error", ["", "x" * 10_000], ["x" * 10_001, None]),
    (LOG, "status", ["pending", "skipped"], ["", "crashed"]),
    (LOG, "attempt", [1], [0]),
    ({"op": "update_step_status", "id": ID}, "status", ["completed"], ["", None]),
    ({"op": "list_step_logs", "run": ID}, "limit", [1], [0]),
    ({"op": "list_step_logs", "run": ID}, "after", [0], [-1]),
    ({"op": "get_completed_step_ids"}, "run", [ID], [""]),
    (DECIDE, "by", ["", "x" * 256], ["x" * 257]),
    (DECIDE, "comment", ["", "x" * 1000], ["x" * 1001]),
]

WORKFLOW_TOGETHER: list[dict[str, Any]] = [
    {"op": "get_definition"},
    {"op": "get_definition", "id": ID, "run": ID},
    {"op": "begin_step", **STEP, "wait": {"kind": "child"}},
    {"op": "begin_step", **STEP, "wait": {"kind": "message", "child": ID}},
]
