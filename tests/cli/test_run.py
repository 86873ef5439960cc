"""run: started, waited for, listed, looked at and moved, with a worker that is really there."""

import os
import pty
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import anyio
import click
import pytest

import botbus
from tests.cli.command import Botbus, Outcome
from tests.daemons import DaemonProcess

SECONDS = 20.0


@botbus.workflow("play", owner="global")
async def play(run: botbus.Run) -> Any:
    """Does what its input says."""
    said = run.input if isinstance(run.input, dict) else {}
    tag = await run.step("tag", lambda: f"v{said.get('version', 0)}")
    if "fail" in said:
        await run.step("break", fail)
    if "approve" in said:
        verdict = await run.approval("publish", prompt=f"Publish {tag}?\nReally?", timeout=3600)
        return {"tag": tag, "approved": verdict.approved}
    if "sleep" in said:
        await run.sleep("nap", said["sleep"])
    return {"tag": tag}


async def fail() -> None:
    await anyio.sleep(0.01)
    raise RuntimeError("no disk:\nit is full")


@pytest.fixture
def worker(shared_daemon: DaemonProcess) -> Iterator[botbus.SyncBus]:
    with botbus.connect_sync("player", url=shared_daemon.url) as bus:
        bus.work(play)
        yield bus


def key() -> str:
    """One that no other test uses."""
    return f"k-{botbus.new_id()}"


def started(run: Botbus, text: str = "{}", *words: str) -> str:
    """The key of a new run of `play`."""
    name = key()
    done = run("run", "start", "play", text, "--key", name, *words)
    assert done.code == 0, done.err
    return name


def until(run: Botbus, word: str, status: str) -> Any:
    """What `run show` says, once it says that status."""
    end = time.monotonic() + SECONDS
    while (shown := run("run", "show", word, "--json").object)["status"] != status:
        assert time.monotonic() < end, shown
    return shown


def test_a_run_is_started_and_its_result_waited_for(run: Botbus, worker: botbus.SyncBus) -> None:
    done = run("run", "start", "play", '{"version": 7}', "--wait", "--timeout", "15")
    assert (done.code, done.out, done.err) == (0, '{"tag": "v7"}\n', "")
    name = key()
    first = run("run", "start", "play", "--key", name)
    assert first.out.startswith("run ")
    assert first.out.endswith(" of play 1.0.0 is started\n")
    waited = run("run", "wait", name, "--json", "--timeout", "15").object
    assert (waited["status"], waited["result"], waited["key"]) == ("completed", {"tag": "v0"}, name)
    again = run("run", "start", "play", "--key", name)
    assert again.out.endswith("was there already: it is completed\n")
    again_json = run("run", "start", "play", "--key", name, "--json").object
    assert (again_json["id"], again_json["created"]) == (waited["id"], False)


def test_the_input_may_come_by_stdin(run: Botbus, worker: botbus.SyncBus) -> None:
    done = run("run", "start", "play", "-", "--wait", stdin='{"version": "in"}')
    assert done.out == '{"tag": "vin"}\n'


def test_a_run_that_fails_is_told_by_the_exit_code(run: Botbus, worker: botbus.SyncBus) -> None:
    done = run("run", "start", "play", '{"fail": 1}', "--wait")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("botbus: failed: run ")
    assert "no disk" in done.err
    assert done.err.count("\n") == 1
    as_json = run("run", "start", "play", '{"fail": 1}', "--wait", "--json")
    assert (as_json.code, as_json.object["status"]) == (1, "failed")


def test_to_wait_too_long_ends_with_4_and_the_run_goes_on(
    run: Botbus, worker: botbus.SyncBus
) -> None:
    done = run("run", "start", "play", '{"approve": 1}', "--wait", "--timeout", "0.3")
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("botbus: timeout: run ")
    (waiting,) = run("run", "list", "--status", "paused", "--limit", "1", "--json").objects
    assert run("run", "wait", waiting["id"], "--timeout", "0").code == 4
    assert run("run", "cancel", waiting["id"]).out == f"run {waiting['id']} is cancelled\n"
    gone = run("run", "wait", waiting["id"])
    assert (gone.code, gone.err.startswith("botbus: cancelled: ")) == (1, True)


def test_a_run_is_drawn_along_its_time(run: Botbus, worker: botbus.SyncBus) -> None:
    name = started(run, '{"approve": 1}')
    until(run, name, "paused")
    shown = run("run", "show", name)
    head, steps = shown.out.split("\n\n")
    assert f"  key         {name}\n" in head
    assert "  status      paused\n              It waits for the approval of step 'publish'" in head
    assert "\x1b" not in shown.out
    tag, publish = steps.splitlines()
    assert tag.startswith("✓ tag ")
    assert tag.endswith("→ v0")
    assert publish.startswith("? publish ")
    assert "░" in publish
    assert publish.endswith("waits for approval: Publish v0? ⏎ Really?")
    assert all(len(line) <= 100 for line in steps.splitlines())
    full = run("run", "show", name, "--full").out
    assert "    waits for approval: Publish v0?\n    Really?\n" in full
    as_json = run("run", "show", name, "--json").object
    assert [step["step_id"] for step in as_json["steps"]] == ["tag", "publish"]
    assert as_json["why"].startswith("It waits for the approval")


@pytest.mark.parametrize("columns", [40, 79, 120])
def test_a_terminal_has_colours_and_its_width_is_kept(
    run: Botbus, worker: botbus.SyncBus, columns: int
) -> None:
    name = started(run, '{"approve": 1}')
    until(run, name, "paused")
    steps = on_a_terminal(run, columns, "run", "show", name).split("\n\n")[1].splitlines()
    assert all("\x1b[" in line for line in steps if line[:1] != " ")
    plain = [click.unstyle(line) for line in steps]
    assert max(map(len, plain)) <= columns
    assert any("░" in line for line in plain) == (columns >= 80)


def on_a_terminal(run: Botbus, columns: int, *words: str) -> str:
    """What the command shows on a terminal of that width."""
    master, terminal = pty.openpty()
    with os.fdopen(master, "rb", 0) as screen:
        termios.tcsetwinsize(terminal, (24, columns))
        with run.started(*words, stdout=terminal) as process:
            os.close(terminal)
            shown = b""
            with suppress(OSError):  # the terminal is gone with the process
                while part := screen.read(4096):
                    shown += part
            assert process.wait(SECONDS) == 0
    return shown.decode().replace("\r\n", "\n")


def test_an_approval_shows_what_it_is_for_and_counts_once(
    run: Botbus, worker: botbus.SyncBus
) -> None:
    name = started(run, '{"approve": 1, "version": 3}')
    run_id = until(run, name, "paused")["id"]
    said = run("run", "approve", name, "publish", "--by", "ann", "--comment", "go")
    assert said.out == f"Publish v3?\nReally?\nstep publish of run {run_id} is approved\n"
    assert run("run", "wait", name, "--timeout", "15").out == '{"tag": "v3", "approved": true}\n'
    again = run("run", "approve", name, "publish", "--by", "ann", "--json")
    assert again.object["output"] == {
        "approved": True,
        "by": "ann",
        "comment": "go",
        "expired": False,
    }
    other = run("run", "reject", name, "publish")
    assert (other.code, other.err.startswith("botbus: conflict: ")) == (1, True)


def test_a_rejection_is_by_who_says_it(run: Botbus, worker: botbus.SyncBus) -> None:
    name = started(run, '{"approve": 1}')
    until(run, name, "paused")
    early = run("run", "reject", name, "shipping")
    assert (early.code, early.out) == (1, "")
    assert "has not come to a step 'shipping': it waits for approval of publish" in early.err
    run("run", "reject", name, "publish", "--from", "bob")
    assert run("run", "wait", name).out == '{"tag": "v0", "approved": false}\n'
    (row,) = [s for s in run("run", "steps", name, "--json").objects if s["step_id"] == "publish"]
    assert row["output"]["by"] == "bob"


def test_to_approve_what_waits_for_nothing_is_refused(run: Botbus, worker: botbus.SyncBus) -> None:
    name = started(run)
    until(run, name, "completed")
    done = run("run", "approve", name, "tag")
    assert (done.code, done.err.startswith("botbus: illegal_state: ")) == (1, True)


def test_a_failed_run_is_retried_and_its_old_attempts_are_kept(
    run: Botbus, worker: botbus.SyncBus
) -> None:
    name = started(run, '{"fail": 1}')
    run_id = until(run, name, "failed")["id"]
    assert run("run", "retry", name).out == f"run {run_id} is pending\n"
    until(run, name, "failed")
    assert (
        run("run", "retry", name, "--from", "tag", "--as", "ann", "--json").object["id"] == run_id
    )
    until(run, name, "failed")
    rows = run("run", "steps", name, "--json").objects
    attempts = [(row["step_id"], row["status"], row["superseded"]) for row in rows]
    assert attempts == [
        ("tag", "completed", True),
        ("break", "failed", True),
        ("break", "failed", True),
        ("tag", "completed", False),
        ("break", "failed", False),
    ]
    shown = run("run", "show", name).out
    assert "(counts no more) failed for good: RuntimeError:" in shown
    full = run("run", "show", name, "--full").out
    assert "    (counts no more) failed for good: RuntimeError: no disk:\n    it is full\n" in full
    assert run("run", "steps", name).out.splitlines()[0].startswith("step ")
    missing = run("run", "retry", name, "--from", "nowhere")
    assert (missing.code, missing.err.startswith("botbus: not_found: ")) == (1, True)


def test_a_run_is_paused_and_resumed(run: Botbus, planner: botbus.SyncBus) -> None:
    planner.workflows.save({"name": "idle"}, owner_type="global")
    made = planner.runs.create("idle")
    assert run("run", "pause", made.id).out == f"run {made.id} is paused\n"
    assert run("run", "why", made.id).out.startswith("It was paused: ")
    (row,) = [r for r in run("run", "list", "--workflow", "idle").out.splitlines() if "paused" in r]
    assert "paused by somebody" in row
    assert run("run", "resume", made.id, "--json").object["status"] == "pending"
    why = run("run", "why", made.id, "--json").object
    assert why == {
        "id": made.id,
        "status": "pending",
        "why": "No connected worker works on workflow 'idle': start one.",
    }
    run("run", "cancel", made.id)
    done = run("run", "pause", made.id)
    assert (done.code, done.err.startswith("botbus: illegal_state: ")) == (1, True)


def test_a_running_run_is_paused_at_its_next_checkpoint(
    run: Botbus, planner: botbus.SyncBus
) -> None:
    planner.workflows.save({"name": "idle"}, owner_type="global")
    made = planner.runs.create("idle")
    held = planner.runs.claim(made.id)
    told = run("run", "pause", made.id).out
    assert told == f"run {made.id} will pause at the next checkpoint of its worker\n"
    assert "running at planner (pid " in run("run", "show", made.id).out
    assert held.lease is not None
    planner.steps.complete(made.id, "s", held.lease)
    assert run("run", "show", made.id, "--json").object["held"] is True


def test_a_run_of_a_version_that_nobody_has_says_so(run: Botbus, worker: botbus.SyncBus) -> None:
    saved = worker.workflows.by_name("play")
    worker.workflows.save({**saved.definition, "version": "0.9"}, owner_type="global")
    name = started(run, "{}", "--version", "0.9")
    worker.workflows.save(saved.definition, owner_type="global")
    shown = run("run", "show", name).out
    assert "  workflow    play 0.9\n" in shown
    assert "the connected workers have only 1.0.0" in shown
    run("run", "cancel", name)


def test_runs_are_found_by_what_they_are(run: Botbus, planner: botbus.SyncBus) -> None:
    planner.workflows.save({"name": "found"}, owner_type="global")
    word = f"w{botbus.new_id()[-12:]}"
    first = planner.runs.create("found", {"say": word}, key=f"key-{word}")
    second = planner.runs.create("found", concurrency_key=f"lane-{word}")
    third = planner.runs.create("found", concurrency_key=f"lane-{word}")
    planner.runs.update_status(second.id, "cancelled", error=f"not {word}")

    def listed(*words: str) -> list[str]:
        done = run("run", "list", *words, "--json")
        assert done.code == 0, done.err
        return [one["id"] for one in done.objects]

    assert listed("--workflow", "found", "--limit", "2") == [third.id, second.id]
    assert listed("--workflow", first.workflow_id, "--state", "cancelled")[0] == second.id
    assert listed("--key", f"key-{word}") == [first.id]
    assert listed("--key", f"lane-{word}") == [third.id, second.id]
    assert listed("--text", word) == [second.id, first.id]
    assert listed("--since", first.created_at, "--workflow", "found") == [third.id, second.id]
    assert listed("--until", second.created_at, "--text", word) == [first.id]
    table = run("run", "list", "--key", f"lane-{word}").out.splitlines()
    assert table[0].startswith("run           workflow  status ")
    assert table[1].startswith(f"{third.id[-12:]}  found     pending ")
    assert run("run", "--key", f"key-{word}", "--json").object["id"] == first.id
    nothing = run("run", "list", "--text", f"no-{word}")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "there is no such run\n")


def told(run: Botbus, word: str) -> Outcome:
    return run("run", "why", word, "--json")


def test_a_run_is_named_by_id_key_or_a_piece_of_its_id(
    run: Botbus, planner: botbus.SyncBus
) -> None:
    planner.workflows.save({"name": "named"}, owner_type="global")
    one, two = (planner.runs.create("named", key=key()) for _ in range(2))
    assert one.key is not None
    for word in (one.id, one.key, one.id[-12:], one.id[-12:].upper(), one.id[:-1]):
        assert told(run, word).object["id"] == one.id, word
    both = told(run, one.id[:6])
    assert (both.code, both.out) == (1, "")
    assert both.err.startswith("botbus: conflict: ")
    assert one.id in both.err or two.id in both.err or "more" in both.err
    planner.runs.create("named", concurrency_key="named-lane")
    for word in ("never-made", "named-lane", "abc", botbus.new_id()):
        missing = told(run, word)
        assert (missing.code, missing.err.startswith("botbus: not_found: ")) == (1, True), word


def test_a_key_of_two_workflows_is_no_name(run: Botbus, planner: botbus.SyncBus) -> None:
    name = key()
    for workflow in ("named", "other-named"):
        planner.workflows.save({"name": workflow}, owner_type="global")
        planner.runs.create(workflow, key=name)
    both = told(run, name)
    assert (both.code, both.err.startswith("botbus: conflict: ")) == (1, True)
    assert "(named)" in both.err
    assert "(other-named)" in both.err


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["start", "no such"], 2, "NAME 'no such' is not a name"),
        (["start", "never-saved"], 1, "never-saved"),
        (["start", "x", "{x}"], 2, "INPUT looks like JSON and is not"),
        (["start", "x", "--delay", "-1"], 2, "Invalid value for '--delay'"),
        (["list", "--status", "ready"], 2, "'ready' is not one of"),
        (["list", "--since", "noon"], 2, "--since 'noon' is not a time"),
        (["approve", "x"], 2, "Missing argument 'STEP'"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    run: Botbus, words: list[str], code: int, sentence: str
) -> None:
    done = run("run", *words)
    assert (done.code, done.out) == (code, "")
    assert sentence in done.err
    assert done.err.count("\n") == 1
