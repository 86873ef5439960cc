"""`bus.workflows`, `bus.runs`, `bus.steps`: the methods of the repository, and what is around them."""

import pytest

import botbus
from botbus_protocol.requests import WaitFor
from tests.client.workflows.stage import SECONDS
from tests.daemons import DaemonProcess

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


DEFINITION = {
    "name": "release",
    "version": "2.1",
    "description": "Makes a release.",
    "steps": [{"id": "tag", "type": "shell"}, {"id": "publish", "depends_on": ["tag"]}],
    "team": "core",
}


async def test_definitions(daemon: DaemonProcess) -> None:
    async with botbus.connect("planner", url=daemon.url) as bus:
        saved = await bus.workflows.save(DEFINITION)
        assert (saved.name, saved.version, saved.owner) == ("release", "2.1", "planner")
        assert saved.definition["team"] == "core"
        assert await bus.workflows.get(saved.id) == saved
        assert await bus.workflows.by_name("release") == saved
        changed = await bus.workflows.save({**DEFINITION, "id": saved.id, "version": "2.2"})
        assert (changed.id, changed.version) == (saved.id, "2.2")
        shared = await bus.workflows.save(DEFINITION, owner_type="global")
        assert {found.id for found in await bus.workflows.list()} == {saved.id, shared.id}
        assert await bus.workflows.list(owner_type="global") == [shared]
        assert await bus.workflows.list(owner="planner") == [changed]
        run = await bus.runs.create(saved.id, version="2.1")
        assert (await bus.workflows.of_run(run.id)).definition["version"] == "2.1"
        with pytest.raises(botbus.Conflict):
            await bus.workflows.delete(saved.id)
        await bus.runs.cancel(run.id)
        assert await bus.workflows.delete(saved.id, force=True)
        assert not await bus.workflows.delete(saved.id)
        with pytest.raises(botbus.NotFound):
            await bus.workflows.get(saved.id)


async def test_a_definition_that_is_wrong_says_why(daemon: DaemonProcess) -> None:
    steps = [{"id": "a", "depends_on": ["b"]}, {"id": "b", "depends_on": ["a"]}]
    async with botbus.connect("planner", url=daemon.url) as bus:
        with pytest.raises(botbus.Invalid, match="a -> b -> a"):
            await bus.workflows.save({"name": "round", "steps": steps})
        assert await bus.workflows.list() == []


async def test_schedules(daemon: DaemonProcess) -> None:
    async with botbus.connect("planner", url=daemon.url) as bus:
        await bus.workflows.save(DEFINITION)
        made = await bus.workflows.schedule(
            "release",
            "0 3 * * *",
            timezone="Europe/Berlin",
            catch_up="all",
            input={"nightly": True},
        )
        assert (made.cron, made.timezone, made.input) == (
            "0 3 * * *",
            "Europe/Berlin",
            {"nightly": True},
        )
        again = await bus.workflows.schedule("release", "0 4 * * *", id=made.id)
        assert await bus.workflows.schedules("release") == [again]
        with pytest.raises(botbus.Invalid):
            await bus.workflows.schedule("release", "every day")
        assert await bus.workflows.unschedule(made.id)
        assert not await bus.workflows.unschedule(made.id)


async def test_runs_and_their_filters(daemon: DaemonProcess) -> None:
    async with botbus.connect("planner", url=daemon.url) as bus:
        await bus.workflows.save(DEFINITION)
        runs = [
            await bus.runs.create("release", {"n": f"number {n}"}, key=f"key {n}", priority=n)
            for n in range(5)
        ]
        assert [run.id for run in await bus.runs.list("release")] == [r.id for r in runs][::-1]
        assert [run.id for run in await bus.runs.list(limit=2)] == [runs[4].id, runs[3].id]
        assert [run.id for run in await bus.runs.list(key="key 2")] == [runs[2].id]
        await bus.runs.cancel(runs[0].id)
        assert [run.id for run in await bus.runs.list(status="cancelled")] == [runs[0].id]
        assert [run.id for run in await bus.runs.list(text="number 3")] == [runs[3].id]
        assert await bus.runs.list(created_after="2100-01-01T00:00:00Z") == []
        assert (await bus.runs.create("release", {"n": 9}, key="key 1")).id == runs[1].id
        assert await bus.runs.crashed() == []


async def test_a_run_by_hand(daemon: DaemonProcess) -> None:
    """What a worker does that keeps its own order of steps."""
    async with botbus.connect("coder", url=daemon.url) as bus:
        await bus.workflows.save(DEFINITION)
        run = await bus.runs.create("release", {"version": "1.2"}, context={"a": 1})
        claim = await bus.runs.claim(run.id)
        lease = claim.lease or ""
        assert (claim.run.status, claim.run.holder) == ("running", "coder")
        begun = await bus.steps.begin(run.id, "tag", lease, name="Tag it", input={"v": 1})
        assert begun.permitted
        await bus.steps.complete(run.id, "tag", lease, {"tag": "v1"}, context={"a": None, "b": 2})
        again = await bus.steps.begin(run.id, "tag", lease)
        assert not again.permitted
        assert again.step.output == {"tag": "v1"}
        await bus.steps.fail(run.id, "publish", lease, "no network")
        await bus.steps.begin(run.id, "publish", lease)
        await bus.steps.fail(run.id, "publish", lease, "no network", final=True, attempt=2)
        assert await bus.runs.completed_step_ids(run.id) == ["tag"]
        rows = await bus.steps.list(run.id)
        assert [(s.step_id, s.attempt, s.status) for s in rows] == [
            ("tag", 1, "completed"),
            ("publish", 1, "failed"),
            ("publish", 2, "failed"),
        ]
        with pytest.raises(botbus.LeaseLost):
            await bus.steps.complete(run.id, "other", "0.0")
        ended = await bus.runs.update_status(run.id, "failed", error="no network", lease=lease)
        assert (ended.status, ended.error, ended.context) == ("failed", "no network", {"b": 2})
        assert (await bus.runs.wait(run.id, SECONDS)).status == "failed"


async def test_the_books_of_others(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        await bus.workflows.save(DEFINITION)
        run = await bus.runs.create("release")
        claim = await bus.runs.claim(run.id)
        step = await bus.steps.create_log(run.id, "tag", "running", lease=claim.lease)
        with pytest.raises(botbus.IllegalState, match="running"):
            await bus.steps.update_status(step.id, "pending", lease=claim.lease)
        done = await bus.steps.update_status(step.id, "completed", output=1, lease=claim.lease)
        assert (done.status, done.output) == ("completed", 1)


async def test_approvals_by_hand(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        await bus.workflows.save(DEFINITION)
        run = await bus.runs.create("release")
        lease = (await bus.runs.claim(run.id)).lease or ""
        with pytest.raises(botbus.NotFound, match="has not come to a step 'publish'"):
            await bus.runs.approve(run.id, "publish")
        await bus.steps.begin(run.id, "publish", lease, wait=WaitFor(kind="approval"))
        step = await bus.runs.reject(run.id, "publish", by="ada", comment="not today")
        assert step.output == {
            "approved": False,
            "by": "ada",
            "comment": "not today",
            "expired": False,
        }
        with pytest.raises(botbus.Conflict):
            await bus.runs.approve(run.id, "publish", by="ada")


async def test_a_step_in_an_atomic_frame(daemon: DaemonProcess) -> None:
    """Ack, checkpoint and message are one commit: all of it, or nothing."""
    async with botbus.connect("coder", url=daemon.url) as bus:
        await bus.workflows.save(DEFINITION)
        await bus.create_channel("builds")
        await bus.send("coder", {"version": "1.2"})
        (delivery,) = await bus.fetch(wait=SECONDS)
        run = await bus.runs.create("release", delivery.message.body, key=delivery.message.id)
        lease = (await bus.runs.claim(run.id)).lease or ""
        frame = bus.atomic()
        frame.ack(delivery)
        frame.complete_step(run.id, "tag", "0.0", "v1.2")
        frame.publish("builds", "v1.2")
        with pytest.raises(botbus.LeaseLost):
            await frame.commit()
        assert await bus.history(channel="builds") == []
        assert await bus.runs.completed_step_ids(run.id) == []
        async with bus.atomic() as frame:
            frame.ack(delivery)
            step = frame.complete_step(run.id, "tag", lease, "v1.2")
            frame.publish("builds", "v1.2")
            end = frame.update_run_status(run.id, "completed", result="v1.2", lease=lease)
        assert step.result.changed
        assert end.result.status == "completed"
        assert [m.body for m in await bus.history(channel="builds")] == ["v1.2"]
        assert await bus.fetch(wait=0.1) == []


def test_workflows_without_await(daemon: DaemonProcess) -> None:
    calls: list[str] = []

    @botbus.workflow("release")
    async def release(run: botbus.Run) -> str:
        await run.step("tag", calls.append, "tag")
        verdict = await run.approval("publish", timeout=SECONDS)
        return "published" if verdict.approved else "kept"

    with botbus.connect_sync("releaser", url=daemon.url) as bus:
        worker = bus.work(release, concurrency=2)
        run = bus.start(release, {"version": "1.2"}, key="release-1.2")
        with pytest.raises(botbus.Timeout):
            run.result(timeout=0.3)
        assert (run.key, run.created, run.workflow) == ("release-1.2", True, "release")
        assert bus.runs.why(run.id).startswith("It waits for the approval")
        bus.runs.approve(run.id, "publish")
        assert run.result(timeout=SECONDS) == "published"
        assert run.status() == "completed"
        assert [found.id for found in bus.runs.list("release")] == [run.id]
        assert bus.workflows.by_name("release").owner_type == "global"
        assert [step.step_id for step in bus.steps.list(run.id)] == ["tag", "publish"]
        worker.stop()
        worker.wait()
    assert calls == ["tag"]
