"""run: started, waited for, moved, and tried again, with a worker that is really there."""

import pytest

import botbus
from tests.cli.command import Botbus
from tests.cli.playing import key, started, until


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
