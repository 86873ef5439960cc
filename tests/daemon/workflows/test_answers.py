"""What one answer to a claim holds, and what is given back because it was never seen."""

from tests.daemon.plain import Json, Plain
from tests.daemon.workflows.worker import claim, claim_one, complete, look, start

Flow = tuple[Plain, Json]


def test_what_is_too_much_for_one_answer_is_left_to_the_next(flow: Flow) -> None:
    worker, workflow = flow
    runs = [start(worker, workflow, input="x" * 600_000) for _ in range(4)]
    first = claim(worker, workflow, max=4)
    assert [one["run"]["id"] for one in first] == [run["id"] for run in runs[:2]]
    second = claim(worker, workflow, max=4)
    assert [one["run"]["id"] for one in second] == [run["id"] for run in runs[2:]]
    assert {one["run"]["attempt"] for one in first + second} == {1}


def test_the_steps_of_a_run_are_told_as_far_as_one_answer_reaches(flow: Flow) -> None:
    worker, workflow = flow
    run = start(worker, workflow)
    claimed = claim_one(worker, workflow)
    for number in range(4):
        complete(worker, claimed, f"s{number}", output="x" * 500_000)
    worker.ok("update_run_status", id=run["id"], status="pending", lease=claimed["lease"])
    again = claim_one(worker, workflow)
    assert again["more_steps"]
    after = again["steps"][-1]["seq"]
    rest = worker.ok("list_step_logs", run=run["id"], after=after, all=False)["steps"]
    assert [s["step_id"] for s in again["steps"] + rest] == [f"s{n}" for n in range(4)]


def test_a_claim_that_was_seen_is_not_given_back(flow: Flow) -> None:
    """Who writes a step has seen the run, whatever it says of its claim afterwards."""
    worker, workflow = flow
    run = start(worker, workflow)
    claimed = claim_one(worker, workflow, ticket="t")
    complete(worker, claimed, "a")
    assert worker.ok("cancel_claim", ticket="t")["changed"] is False
    assert look(worker, run)["status"] == "running"
