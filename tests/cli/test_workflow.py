"""workflow: saved from JSON and YAML, listed, shown, deleted, and started by the clock."""

import json
from pathlib import Path
from typing import Any

import pytest

import botbus
from tests.cli.command import Botbus

YAML = """\
# How we release.
name: {name}
version: "1.2"
description: Größe
on: push
steps:
  - id: test
    config: {{command: make test}}
  - id: tag
    depends_on: [test]
"""


def test_a_workflow_from_beginning_to_end(run: Botbus, folder: Path) -> None:
    file = folder / "release.yaml"
    file.write_text(YAML.format(name="wf-all"))
    saved = run("workflow", "save", str(file), "--from", "maker", "--json")
    assert saved.code == 0, saved.err
    assert saved.object["definition"]["on"] == "push"
    assert (saved.object["owner"], saved.object["version"]) == ("maker", "1.2")
    again = run("workflow", "save", str(file), "--from", "maker")
    assert again.out == f"workflow wf-all 1.2 of maker is saved: {saved.object['id']}\n"

    shown = run("workflow", "show", "wf-all")
    assert shown.out.splitlines()[:4] == [
        "workflow wf-all",
        f"  id           {saved.object['id']}",
        "  version      1.2",
        "  owner        maker",
    ]
    text = shown.out[shown.out.index("{") :]
    assert json.loads(text) == saved.object["definition"]
    assert run("workflow", "show", saved.object["id"], "--json").object == saved.object

    listed = run("workflow", "list", "--owner", "maker", "--json").objects
    assert [one["name"] for one in listed] == ["wf-all"]
    assert run("workflow", "--owner", "maker").out.splitlines()[1].startswith("wf-all    1.2")

    deleted = run("workflow", "delete", "wf-all", "--json").object
    assert deleted == {"id": saved.object["id"], "name": "wf-all", "changed": True}
    gone = run("workflow", "show", "wf-all")
    assert (gone.code, gone.out) == (1, "")
    assert gone.err.startswith("botbus: not_found: ")


def test_a_name_means_ones_own_workflow_first(run: Botbus, planner: botbus.SyncBus) -> None:
    ours = planner.workflows.save({"name": "wf-whose"}, owner_type="global")
    mine = planner.workflows.save({"name": "wf-whose"})
    for words, expected in (
        (["--from", "planner"], mine),
        (["--from", "stranger"], ours),
        (["--global", "--from", "planner"], ours),
        (["--owner", "planner"], mine),
    ):
        assert run("workflow", "show", "wf-whose", *words, "--json").object["id"] == expected.id
    for verb in (["delete", "wf-whose"], ["show", "wf-whose"], ["list"]):
        both = run("workflow", *verb, "--owner", "planner", "--global")
        assert (both.code, both.out) == (2, "")
        assert "a global workflow has no owner" in both.err
    assert len(run("workflow", "list", "--json").objects) >= 2


def test_a_definition_may_come_by_stdin_as_json_or_yaml(run: Botbus) -> None:
    for text in ('{"name": "wf-in",\t"version": "2"}', 'name: wf-in\nversion: "2"\n'):
        saved = run("workflow", "save", "-", "--global", "--json", stdin=text).object
        assert saved["definition"] == {"name": "wf-in", "version": "2"}
        assert (saved["owner_type"], saved["owner"]) == ("global", None)
    assert "of all bots" in run("workflow", "save", "-", "--global", stdin="name: wf-in").out


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("w.yaml", "name: w\nsteps:\n  - id: a\n    depends_on: [a]\n", ":3: steps depend on each"),
        ("w.yaml", "name: w\nversion: 1.10\n", ":2: version must be text (in YAML: in quotes)"),
        ("w.yaml", "name: w\nsteps: [{id: a}]\nname: v\n", ":3: this is no YAML for a definition"),
        ("w.yaml", "name: w\nsteps: [{id: a}\n", ":3: this is no YAML for a definition: while"),
        ("w.yaml", "name: w\n1: x\n", ":2: this is no YAML for a definition: a key must be text"),
        ("w.yaml", "name: w\nx: !!python/name:os.system\n", ":2: this is no YAML"),
        (
            "w.yaml",
            "name: w\nsteps:\n- id: a\n- id: b\n  depends_on: [c]\n",
            ":4: step 'b' depends",
        ),
        ("w.yaml", "name: w\nsteps:\n- id: a\n- {}\n", ":4: steps[1] has no id"),
        ("w.yaml", "name: w\nx: .nan\n", ": JSON has no nan"),
        ("w.yaml", "name: w\nx: &x [*x]\n", ": it is nested too deeply"),
        ("w.yaml", "", ": a definition must be a map with a name, not nil"),
        ("w.json", '{"name": "w",\n "steps": [{]}', ":2: this is no JSON: "),
        ("w.json", '{"name": "w",\n "steps": [\n{"id": "a", "timeout_secs": 0}]}', ":3: timeout_"),
        ("w.json", '{"name": "w", "name": "v"}', ": the key 'name' stands twice in one map"),
        ("w.json", '{"name": "w", "x": NaN}', ": JSON has no nan"),
    ],
)
def test_a_wrong_definition_is_told_with_file_and_line(
    run: Botbus, folder: Path, name: str, text: str, sentence: str
) -> None:
    file = folder / name
    file.write_text(text)
    done = run("workflow", "save", str(file), "--from", "nobody")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"botbus: usage: {file}{sentence}")
    assert done.err.count("\n") == 1
    assert run("workflow", "show", "w").code == 1


def test_a_file_that_cannot_be_read_is_told(run: Botbus, folder: Path) -> None:
    missing = run("workflow", "save", str(folder / "none.yaml"))
    assert (missing.code, "cannot be read: no such file" in missing.err) == (2, True)
    (folder / "bytes.yaml").write_bytes(b"name: \xff\n")
    assert "is not UTF-8 text" in run("workflow", "save", str(folder / "bytes.yaml")).err


def test_aliases_that_blow_up_are_refused(run: Botbus) -> None:
    lines = ["name: w", "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    done = run("workflow", "save", "-", stdin="\n".join(lines))
    assert done.code == 2
    assert "more than 1,000,000 values" in done.err


def test_a_workflow_with_runs_is_deleted_by_force_when_they_have_ended(
    run: Botbus, planner: botbus.SyncBus
) -> None:
    planner.workflows.save({"name": "wf-runs"})
    made = planner.runs.create("wf-runs")
    for words in ([], ["--force"]):
        refused = run("workflow", "delete", "wf-runs", *words)
        assert (refused.code, refused.err.startswith("botbus: conflict: ")) == (1, True)
    planner.runs.cancel(made.id)
    assert run("workflow", "delete", "wf-runs").code == 1
    done = run("workflow", "delete", "wf-runs", "--force")
    assert done.out == "workflow wf-runs of planner is deleted\n"


def scheduled(run: Botbus, *words: str) -> Any:
    done = run("workflow", "schedule", "wf-clock", *words, "--json")
    assert done.code == 0, done.err
    return done.object


def test_a_schedule_from_beginning_to_end(run: Botbus, planner: botbus.SyncBus) -> None:
    planner.workflows.save({"name": "wf-clock"}, owner_type="global")
    berlin = ["--timezone", "Europe/Berlin", "--catch-up", "none", "--from", "planner"]
    made = scheduled(run, "30 2 * * *", '{"deep": true}', *berlin)
    assert (made["input"], made["catch_up"]) == ({"deep": True}, "none")
    assert made["created_by"] == "planner"
    again = scheduled(run, "0 0 1 1 *", "--id", made["id"])
    assert again["next_at"][4:] == "-01-01T00:00:00.000000Z"
    told = run("workflow", "schedule", "wf-clock", "0 0 1 1 *", "--id", made["id"]).out
    assert told.startswith(f"schedule {made['id']} starts wf-clock at 20")
    assert [one["id"] for one in run("workflow", "schedules", "wf-clock", "--json").objects] == [
        made["id"]
    ]
    assert run("workflow", "schedules", "wf-clock").out.splitlines()[0].startswith("schedule ")
    ended = run("workflow", "unschedule", made["id"])
    assert ended.out == f"schedule {made['id']} is deleted\n"
    gone = run("workflow", "unschedule", made["id"], "--json").object
    assert gone == {"id": made["id"], "changed": False}
    nothing = run("workflow", "schedules", "wf-clock")
    assert (nothing.code, nothing.out) == (0, "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["every day"], "cron 'every day' cannot be read"),
        (["0 0 31 2 *"], "cannot be read"),
        (
            ["* * * * *", "--timezone", "Mars/Base"],
            "timezone 'Mars/Base' is not in the tz database",
        ),
    ],
)
def test_a_wrong_schedule_is_told(
    run: Botbus, planner: botbus.SyncBus, words: list[str], sentence: str
) -> None:
    planner.workflows.save({"name": "wf-clock"}, owner_type="global")
    done = run("workflow", "schedule", "wf-clock", *words)
    assert (done.code, done.out) == (1, "")
    assert sentence in done.err
