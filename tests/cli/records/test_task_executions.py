"""task and executions: from creation to the end, and the order of a workflow's tasks."""

import botbus
from tests.cli.command import Botbus


def made(run: Botbus, title: str) -> str:
    done = run("task", "create", title, "--type", "script", "--json")
    id_: str = done.object["id"]
    return id_


def test_a_task_from_beginning_to_end(run: Botbus) -> None:
    words = ("--type", "script", "--config", '{"run": "make"}', "--workspace", "/srv")
    task = run("task", "create", "Fix #12", *words, "--json").object
    assert (task["status"], task["config"]) == ("pending", {"run": "make"})
    shown = run("task", "show", task["id"]).out
    assert 'config           {"run": "make"}\n' in shown
    assert "workspace path   /srv\n" in shown
    recent = run("task", "list", "--since", "10m", "--workspace", "/srv").out
    assert task["id"] in recent
    assert run("task", "list", "--until", "10m", "--workspace", "/srv").out == ""
    assert run("task", "start", task["id"], "--json").object["status"] == "running"
    assert "status           pending\n" in run("task", "retry", task["id"]).out
    refused = run("task", "complete", task["id"])
    assert (refused.code, "illegal_state" in refused.err) == (1, True)
    assert run("task", "fail", task["id"], "no disk", "--json").object["error"] == "no disk"
    assert run("task", "update", task["id"], "--title", "T", "--json").object["title"] == "T"
    listed = run("task", "list", "--workspace", "/srv", "--status", "failed")
    assert task["id"] in listed.out
    assert "no disk" in listed.out
    assert run("task", "cancel", made(run, "x"), "--why", "y", "--json").object["error"] == "y"
    assert run("task", "delete", task["id"]).out == f"task {task['id']} is deleted\n"
    assert run("task", "create", "t").code == 2
    assert run("task", "create", "t", "--type", "s", "--config", "[1]").code == 1


def test_tasks_stand_in_order_in_a_workflow(run: Botbus, planner: botbus.SyncBus) -> None:
    name = f"release-{botbus.new_id()[-12:]}"
    planner.workflows.save({"name": name, "version": "1", "steps": []})
    a, b = made(run, "a"), made(run, "b")
    assert run("task", "place", name, a).out == f"task {a} is number 0 of {name}\n"
    assert run("task", "place", name, b, "--json").object["sequence"] == 1
    assert run("task", "order", name, b, a).out == f"the tasks of {name} are in this order\n"
    listed = run("task", "places", name, "--json").objects
    assert [place["task_id"] for place in listed] == [b, a]
    assert "title" in run("task", "places", name).out
    assert run("task", "unplace", name, b, "--json").object["changed"]
    assert run("task", "order", name, b).code == 1


def test_an_execution_from_beginning_to_end(run: Botbus) -> None:
    task = made(run, "t")
    words = ("--arguments", '{"q": "x"}', "--timeout", "60")
    entry = run("executions", "start", task, "grep", *words, "--json").object
    assert (entry["status"], entry["arguments"]) == ("running", {"q": "x"})
    closed = run("executions", "finish", entry["id"], "--output", "3", "--json").object
    assert (closed["status"], closed["output"]) == ("completed", 3)
    assert "duration ms" in run("executions", "show", entry["id"]).out
    assert entry["id"] in run("executions", "--task", task).out
    other = run("executions", "start", task, "sed", "--json").object
    run("executions", "finish", other["id"], "--error", "exit 1")
    failed = run("executions", "list", "--task", task, "--status", "failed", "--json").object
    assert failed["error"] == "exit 1"
    again = run("executions", "finish", other["id"])
    assert (again.code, "never changed" in again.err) == (1, True)
