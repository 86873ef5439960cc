"""Finished runs are kept for a while and up to a number; unfinished ones for ever."""

import sqlite3
from contextlib import closing

from tests.daemon.conftest import Bots
from tests.daemon.plain import new_id
from tests.daemon.workflows.worker import begun, complete, finish, left, look, save, start

LONG_AGO = "2020-01-01T00:00:00.000000Z"


def test_what_ended_long_ago_is_deleted_with_its_steps(own: Bots) -> None:
    worker = own("worker")
    workflow = save(worker)
    old, new = begun(worker, workflow), begun(worker, workflow)
    for claimed in (old, new):
        complete(worker, claimed, "a", context={"k": 1})
        finish(worker, claimed)
    unfinished = start(worker, workflow)
    own.daemon.stop()
    with closing(sqlite3.connect(own.daemon.database)) as database, database:
        database.execute(
            "UPDATE workflow_runs SET completed_at = ? WHERE id = ?", (LONG_AGO, old["run"]["id"])
        )
        database.execute(
            "UPDATE workflow_runs SET created_at = ? WHERE id = ?", (LONG_AGO, unfinished["id"])
        )
    own.daemon.start()
    fresh = own("worker")
    assert sorted(left(fresh, 2)) == sorted([new["run"]["id"], unfinished["id"]])
    assert fresh.error("list_step_logs", run=old["run"]["id"])["code"] == "not_found"
    assert look(fresh, new)["context"] == {"k": 1}
    with closing(sqlite3.connect(own.daemon.database)) as database:
        assert database.execute("SELECT count(*) FROM workflow_steps").fetchone() == (1,)


def test_the_oldest_beyond_a_number_are_deleted(own: Bots) -> None:
    own.daemon.restart("[workflows]\nkeep_runs = 3\n")
    worker = own("worker")
    one, other = save(worker), save(worker)
    ids = []
    for workflow in (one, other):
        requests = [
            {"op": "create_run", "id": new_id(), "workflow": workflow["id"], "lease": 60.0}
            for _ in range(250)
        ]
        held = [reply["ok"] for reply in worker.ask(*requests)]
        ends = (
            {
                "op": "update_run_status",
                "id": run["run"]["id"],
                "status": "completed",
                "lease": run["lease"],
            }
            for run in held
        )
        worker.ask(*ends)
        ids += [run["run"]["id"] for run in held][-3:]
    own.daemon.stop()
    own.daemon.start()
    assert sorted(left(own("worker"), 6)) == sorted(ids)


def test_a_run_is_deleted_when_its_time_comes(own: Bots) -> None:
    """Nobody polls: the daemon computed when."""
    own.daemon.restart(f"[workflows]\nkeep_days = {1.5 / 86400}\n")
    worker = own("worker")
    finish(worker, begun(worker, save(worker)))
    own.daemon.stop()
    own.daemon.start()
    assert left(own("worker"), 0) == []
