"""A worker in plain msgpack: requests about runs, with what a test does not care about filled in."""

from itertools import count
from typing import Any

from tests.daemon.plain import Json, Plain, new_id
from tests.waiting import eventually

_numbers = count(1)


def workflow_name() -> str:
    """A name that no other test has."""
    return f"flow-{next(_numbers)}"


def save(bot: Plain, **fields: Any) -> Json:
    """A saved definition, of a name of its own unless it is told."""
    owner = {"owner_type": fields.pop("owner_type")} if "owner_type" in fields else {}
    definition = {"name": workflow_name(), **fields}
    reply = bot.ok("save_definition", definition=definition, **owner)
    saved: Json = reply["definition"]
    return saved


def offer(workflow: Json, version: str | None = None) -> Json:
    """A workflow as a worker offers to work on it."""
    return {"id": workflow["id"], "version": version or workflow["version"]}


def create(bot: Plain, workflow: Json, **fields: Any) -> Json:
    """The reply to the making of a run."""
    return bot.ok(
        "create_run", id=fields.pop("id", None) or new_id(), workflow=workflow["id"], **fields
    )


def start(bot: Plain, workflow: Json, **fields: Any) -> Json:
    """A new run."""
    run: Json = create(bot, workflow, **fields)["run"]
    return run


def claim(bot: Plain, workflow: Json, **fields: Any) -> list[Json]:
    """What there is to claim; waits for a while unless it is told otherwise."""
    claimed: list[Json] = bot.ok(
        "claim_runs", **{"workflows": [offer(workflow)], "wait": 10.0, **fields}
    ).get("runs", [])
    return claimed


def claim_one(bot: Plain, workflow: Json, **fields: Any) -> Json:
    """The one run that there is to claim."""
    (claimed,) = claim(bot, workflow, **fields)
    return claimed


def begun(bot: Plain, workflow: Json, **fields: Any) -> Json:
    """A new run in the hands of a bot, as if it was claimed."""
    reply = create(bot, workflow, lease=fields.pop("lease", 30.0), **fields)
    assert reply["created"]
    return {"run": reply["run"], "lease": reply["lease"]}


def of_step(claimed: Json, step: str, **fields: Any) -> Json:
    """The fields that every request about a step has."""
    return {"run": claimed["run"]["id"], "step": step, "lease": claimed["lease"], **fields}


def complete(bot: Plain, claimed: Json, step: str, **fields: Any) -> Json:
    return bot.ok("complete_step", **of_step(claimed, step, **fields))


def begin(bot: Plain, claimed: Json, step: str, **fields: Any) -> Json:
    return bot.ok("begin_step", **of_step(claimed, step, **fields))


def wait_for(bot: Plain, claimed: Json, step: str, kind: str, **fields: Any) -> Json:
    """Begins a step that waits; what the step was begun with stands in `step_fields`."""
    more = fields.pop("step_fields", {})
    return begin(bot, claimed, step, wait={"kind": kind, **fields}, **more)


def suspend(bot: Plain, claimed: Json, **fields: Any) -> Json:
    run: Json = bot.ok("suspend_run", id=claimed["run"]["id"], lease=claimed["lease"], **fields)[
        "run"
    ]
    return run


def move(bot: Plain, run_id: str, status: str, **fields: Any) -> Json:
    run: Json = bot.ok("update_run_status", id=run_id, status=status, **fields)["run"]
    return run


def finish(bot: Plain, claimed: Json, **fields: Any) -> Json:
    """A run whose holder says that it is completed."""
    return move(bot, claimed["run"]["id"], "completed", lease=claimed["lease"], **fields)


def look(bot: Plain, run: Json | str) -> Json:
    """A run as it is now."""
    run_id = run if isinstance(run, str) else run.get("run", run)["id"]
    found: Json = bot.ok("get_run", id=run_id)["run"]
    return found


def ended(bot: Plain, run: Json) -> Json:
    """A run once it has ended."""
    found: Json = bot.ok("wait_run", id=run["id"], wait=15.0)["run"]
    assert found["status"] in {"completed", "failed", "cancelled"}
    return found


def steps(bot: Plain, run: Json, **fields: Any) -> list[Json]:
    found: list[Json] = bot.ok("list_step_logs", run=run["id"], **fields)["steps"]
    return found


def step(bot: Plain, run: Json, step_id: str) -> Json:
    """The last attempt of a step that counts."""
    return [s for s in steps(bot, run, all=False) if s["step_id"] == step_id][-1]


def event(bot: Plain, run: Json, kind: str, number: int = 1) -> Json:
    """Waits until the daemon has told of so many events of this kind of a run; the last of them."""
    after = 0
    while messages := bot.ok("tail", channel="botbus.runs", after=after, wait=15.0)["messages"]:
        after = messages[-1]["seq"]
        for message in messages:
            if message["type"] == kind and message["body"]["run"] == run["id"]:
                number -= 1
                if number == 0:
                    return dict(message)
    raise AssertionError(f"no event {kind} came")


def why(bot: Plain, run: Json) -> str:
    sentence: str = bot.ok("explain_run", id=run["id"])["sentence"]
    return sentence


def waiting_run(worker: Plain, workflow: Json, **wait: Any) -> Json:
    """A run that waits for a message at step `m`, and that nobody holds."""
    claimed = begun(worker, workflow)
    wait_for(worker, claimed, "m", "message", **wait)
    assert suspend(worker, claimed)["status"] == "paused"
    run: Json = claimed["run"]
    return run


def took(worker: Plain, workflow: Json, step_id: str = "m") -> Any:
    """The body of the message that the next run to claim waited for."""
    claimed = claim_one(worker, workflow)
    return told(claimed, step_id)["output"]["body"]


def told(claimed: Json, step_id: str) -> Json:
    """A step as it was told along with its run."""
    found: list[Json] = [s for s in claimed["steps"] if s["step_id"] == step_id]
    return found[-1]


def left(bot: Plain, count: int, seconds: float = 10.0) -> list[str]:
    """Waits until no more than so many runs are left, which nobody is told; their ids."""

    def runs() -> list[str]:
        return [run["id"] for run in bot.ok("list_runs", limit=1000)["runs"]]

    eventually(lambda: len(runs()) <= count, seconds)
    return runs()
