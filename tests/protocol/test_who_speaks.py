"""Which requests need a bot in their frame, and which one who only watches may make."""

import re

from botbus_protocol.codec import OPS
from tests.daemon.plain import Plain, new_id
from tests.daemons import DaemonProcess
from tests.protocol import page

ID = new_id()
ACTING: dict[str, dict[str, object]] = {
    "send": {"to": "b", "body": 1},
    "publish": {"channel": "c", "body": 1},
    "ask": {"to": "b", "body": 1, "timeout": 0},
    "recall": {},
    "fetch": {},
    "cancel_fetch": {"ticket": "t"},
    "peek": {},
    "ack": {"seq": 1, "lease": "1.1"},
    "nak": {"seq": 1, "lease": "1.1"},
    "extend": {"seq": 1, "lease": "1.1", "seconds": 5},
    "term": {"seq": 1, "lease": "1.1", "reason": ""},
    "create_channel": {"name": "c"},
    "subscribe": {"channel": "c"},
    "unsubscribe": {"channel": "c"},
    "list_subscriptions": {},
    "create_workstream": {"title": "t"},
    "update_workstream": {},
    "delete_workstream": {},
    "set_tags": {"workstream_id": "scratch", "tags": []},
    "ensure_scratch": {},
    "create_session": {},
    "update_session": {},
    "end_session": {},
    "create_task": {"title": "t", "task_type": "t"},
    "update_task": {},
    "update_task_status": {"status": "running"},
    "delete_task": {},
    "add_workflow_task": {"workflow": "w", "task_id": ID},
    "remove_workflow_task": {"workflow": "w", "task_id": ID},
    "reorder_workflow_tasks": {"workflow": "w", "task_ids": []},
    "start_tool_execution": {"task_id": ID, "tool_name": "t"},
    "finish_tool_execution": {},
    "register_connection": {"client_id": "c", "connection_type": "http"},
    "heartbeat_connection": {},
    "close_connection": {},
    "set_configuration": {"key": "k", "value": 1},
    "unset_configuration": {"key": "k"},
    "save_definition": {"definition": {"name": "w"}},
    "delete_definition": {},
    "save_schedule": {"workflow": "w", "cron": "* * * * *"},
    "delete_schedule": {},
    "create_run": {"workflow": "w"},
    "update_run_status": {"status": "cancelled"},
    "claim_runs": {"workflows": []},
    "cancel_claim": {"ticket": "t"},
    "extend_runs": {"leases": {}, "seconds": 5},
    "suspend_run": {"lease": "1.1"},
    "retry_run": {},
    "begin_step": {"run": ID, "step": "s", "lease": "1.1"},
    "complete_step": {"run": ID, "step": "s", "lease": "1.1"},
    "fail_step": {"run": ID, "step": "s", "lease": "1.1", "error": "e"},
    "create_step_log": {"run": ID, "step": "s"},
    "update_step_status": {"status": "running"},
    "decide_step": {"run": ID, "step": "s", "approved": True, "input_hash": ""},
}
WATCHING: dict[str, dict[str, object]] = {
    "hello": {},
    "stats": {},
    "list_channels": {},
    "get_channel": {"name": "made"},
    "list_subscriptions": {"bot": "maker"},
    "list_subscribers": {"channel": "made"},
    "history": {"channel": "made"},
    "tail": {},
    "list_bots": {},
    "list_dead": {},
    "replay_dead": {"bot": "maker"},
    "drop_dead": {"bot": "maker"},
    "list_workstreams": {},
    "get_tags": {"workstream_id": "scratch"},
    "list_sessions": {},
    "list_tasks": {},
    "list_workflow_tasks": {"task_id": ID},
    "list_tool_executions": {},
    "list_connections": {},
    "list_configurations": {},
    "list_definitions": {},
    "list_schedules": {},
    "list_runs": {},
    "list_crashed_runs": {},
}
WATCHING_IN_VAIN: dict[str, dict[str, object]] = {
    "show_message": {},
    "get_workstream": {},
    "get_session": {},
    "get_task": {},
    "get_tool_execution": {},
    "get_connection": {},
    "get_configuration": {"key": "k"},
    "get_definition": {},
    "get_definition_by_name": {"name": "w"},
    "get_run": {},
    "wait_run": {},
    "explain_run": {},
    "list_step_logs": {"run": ID},
    "get_completed_step_ids": {"run": ID},
}


def test_every_request_is_tried() -> None:
    assert {*ACTING, *WATCHING, *WATCHING_IN_VAIN} == {*OPS}


def test_the_page_tells_them_apart() -> None:
    (rule,) = re.findall(
        r"^- Requests that act as a bot need .*?(?=\n\n|\n- )",
        page.text(),
        re.MULTILINE | re.DOTALL,
    )
    but = set(re.findall(r"`(\w+)`", re.findall(r"all that mutate, except ([^;]+);", rule)[0]))
    more = set(re.findall(r"`(\w+)`", rule.partition(";")[2]))
    mutating = {op for op, kind in OPS.items() if kind.mutates and not kind.parks}
    assert (mutating - but) | more == {*ACTING}
    assert but <= {*WATCHING}


def test_who_acts_has_a_name_and_who_watches_needs_none(daemon: DaemonProcess) -> None:
    with Plain(daemon, "maker") as maker, Plain(daemon) as watcher:
        maker.ok("create_channel", name="made")
        for op, fields in ACTING.items():
            error = watcher.error(op, **{"id": new_id(), **fields})
            assert error["code"] == "invalid", op
            assert "name one in the frame's bot" in error["message"]
        for op, fields in WATCHING.items():
            assert watcher.ok(op, **fields)["kind"], op
        for op, fields in WATCHING_IN_VAIN.items():
            assert watcher.error(op, id=new_id(), **fields)["code"] == "not_found"
        assert [bot["name"] for bot in watcher.ok("list_bots")["bots"]] == ["maker"]
