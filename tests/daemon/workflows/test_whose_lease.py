"""Who may speak under the lease of a run: the bot that holds it, and nobody who has guessed it."""

from typing import Any

import pytest

from tests.daemon.conftest import Bots
from tests.daemon.plain import new_id
from tests.daemon.workflows.worker import begun, complete, look, of_step, save, steps


def test_the_lease_of_another_bot_is_of_no_use(bots: Bots) -> None:
    worker, stranger = bots("worker"), bots("stranger")
    claimed = begun(worker, save(worker))
    run, lease = claimed["run"]["id"], claimed["lease"]
    row = worker.ok("begin_step", **of_step(claimed, "a"))["step"]["id"]
    attempts: dict[str, dict[str, Any]] = {
        "begin_step": of_step(claimed, "b", wait={"kind": "message"}),
        "complete_step": of_step(claimed, "a", output="forged"),
        "fail_step": of_step(claimed, "a", error="forged"),
        "create_step_log": {"id": new_id(), **of_step(claimed, "c")},
        "update_step_status": {"id": row, "status": "completed", "lease": lease},
        "suspend_run": {"id": run, "lease": lease},
        "update_run_status": {"id": run, "status": "completed", "lease": lease},
    }
    for op, fields in attempts.items():
        error = stranger.error(op, **fields)
        assert (error["code"], "another bot" in error["message"]) == ("lease_lost", True), op
    assert stranger.ok("extend_runs", leases={run: lease}, seconds=9)["lost"] == [run]
    assert [(one["step_id"], one["status"]) for one in steps(worker, claimed["run"])] == [
        ("a", "running")
    ]
    assert look(worker, claimed["run"])["status"] == "running"
    complete(worker, claimed, "a", output="real")


@pytest.mark.parametrize("atomic", [False, True])
def test_another_connection_of_the_bot_may_make_checkpoints(bots: Bots, atomic: bool) -> None:
    worker = bots("worker")
    helper = bots.named(worker.bot)
    claimed = begun(worker, save(worker))
    request = {"op": "complete_step", **of_step(claimed, "a", output=1)}
    (reply,) = helper.ask(request, atomic=atomic)
    assert "ok" in reply
    run = claimed["run"]["id"]
    assert helper.ok("extend_runs", leases={run: claimed["lease"]}, seconds=9)["lost"] == [run]
    helper.close()
    complete(worker, claimed, "b", output=2)
    assert [one["output"] for one in steps(worker, claimed["run"])] == [1, 2]
