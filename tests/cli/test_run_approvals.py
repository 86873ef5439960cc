"""run approve and reject: what is shown to whoever decides, and what comes of it."""

import botbus
from tests.cli.command import Botbus
from tests.cli.playing import started, until


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
