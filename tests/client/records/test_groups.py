"""Each group, with its typed records, as a bot uses it."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest

import botbus
from botbus import Conflict, Denied, IllegalState, Invalid, NotFound, TooLarge
from botbus.transport import narrowed
from botbus_protocol.records import SCRATCH, Task
from botbus_protocol.replies import AnyReply, TaskReply
from botbus_protocol.requests import UpdateTaskStatus
from tests.daemons import DaemonProcess


async def test_workstreams_and_their_sessions(daemon: DaemonProcess) -> None:
    async with botbus.connect("planner", url=daemon.url) as bus:
        one = await bus.workstreams.create("Release", tags=["b", "a"], default_model="large")
        assert await bus.workstreams.get(one.id) == one
        assert await bus.workstreams.create("Release", id=one.id, default_model="large") == one
        with pytest.raises(Conflict):
            await bus.workstreams.create("Another", id=one.id)
        assert (await bus.workstreams.set_tags(one.id, ["c"])).tags == ["c"]
        assert await bus.workstreams.get_tags(one.id) == ["c"]
        with pytest.raises(Invalid, match="which is no tag"):
            await bus.workstreams.set_tags(one.id, ["a b"])
        paused = await bus.workstreams.update(one.id, state="paused", default_model="")
        assert (paused.state, paused.default_model, paused.title) == ("paused", None, "Release")
        assert [w.id for w in await bus.workstreams.list("paused")] == [one.id]
        assert [w.id for w in await bus.workstreams.list()] == [one.id, SCRATCH]
        with pytest.raises(Denied):
            await bus.workstreams.delete(SCRATCH)
        with pytest.raises((Invalid, TooLarge)):
            await bus.workstreams.create("x" * 1_000_000)
        session = await bus.sessions.create(one.id)
        assert await bus.sessions.list(one.id, open=True) == [session]
        ended = await bus.sessions.end(session.id, turn_count=3, summary="done")
        assert (ended.turn_count, ended.summary, ended.compressed) == (3, "done", False)
        with pytest.raises(IllegalState):
            await bus.sessions.end(session.id, turn_count=4)
        assert (await bus.sessions.update(session.id, compressed=True)).compressed
        assert await bus.workstreams.delete(one.id)
        with pytest.raises(NotFound):
            await bus.sessions.get(session.id)


async def test_a_conversation_is_read_back_in_order(daemon: DaemonProcess) -> None:
    async with (
        botbus.connect("planner", url=daemon.url) as planner,
        botbus.connect("coder", url=daemon.url) as coder,
    ):
        session = await planner.sessions.create(session_type="bot", peer_bot="coder")
        await planner.send("coder", "question", session_id=session.id)
        (delivery,) = await coder.fetch(wait=5)
        await delivery.reply("answer")  # stays in the session
        await planner.send("coder", "beside it")
        said = await planner.sessions.messages(session.id)
        assert [message.body for message in said] == ["question", "answer"]
        assert {message.session_id for message in said} == {session.id}
        newest = await planner.history(session_id=session.id, limit=1)
        assert newest == said[-1:]


async def test_tasks_and_their_executions(daemon: DaemonProcess) -> None:
    async with botbus.connect("planner", url=daemon.url) as bus:
        task = await bus.tasks.create("Fix", "script", config={"a": [1]}, metadata="m")
        assert (task.config, task.metadata, task.status) == ({"a": [1]}, "m", "pending")
        assert (await bus.tasks.start(task.id)).started_at
        entry = await bus.tool_executions.start(task.id, "grep", {"q": 1}, timeout=60)
        assert (entry.arguments, entry.status) == ({"q": 1}, "running")
        closed = await bus.tool_executions.finish(entry.id, {"lines": 3})
        assert (closed.output, closed.status) == ({"lines": 3}, "completed")
        assert closed.duration_ms is not None
        with pytest.raises(IllegalState):
            await bus.tool_executions.finish(entry.id, error="late")
        failed = await bus.tasks.fail(task.id, "no disk")
        assert failed.error == "no disk"
        with pytest.raises(IllegalState):
            await bus.tasks.complete(task.id)
        assert (await bus.tasks.retry(task.id)).status == "pending"
        assert (await bus.tasks.update(task.id, title="T")).title == "T"
        assert await bus.tool_executions.list(task_id=task.id) == [closed]
        assert await bus.tasks.delete(task.id)
        assert await bus.tool_executions.list(tool_name="grep") == []
        with pytest.raises(Invalid, match="config"):
            await bus.tasks.create("t", "s", config=[1])  # type: ignore[arg-type] # on purpose


async def test_a_value_is_kept_as_it_is_or_refused(daemon: DaemonProcess) -> None:
    """Never turned into another: bytes into text, numbers into names of a map."""
    async with botbus.connect("planner", url=daemon.url) as bus:
        with pytest.raises(Invalid, match="metadata is bytes, which JSON cannot hold: send text"):
            await bus.tasks.create("t", "script", metadata=b"raw")
        with pytest.raises(Invalid, match="config has the key 1, and JSON has only text keys"):
            await bus.tasks.create("t", "script", config={1: 2})  # type: ignore[dict-item] # as somebody may
        with pytest.raises(Invalid, match="value has a object, which cannot be sent"):
            await bus.configurations.set("kept.as.it.is", object())
        with pytest.raises(Invalid, match="give a list of tags"):
            await bus.workstreams.create("t", tags="abc")


async def test_lists_read_all_pages_and_times(daemon: DaemonProcess) -> None:
    async with botbus.connect("planner", url=daemon.url) as bus:
        async with anyio.create_task_group() as creating:
            for n in range(450):
                creating.start_soon(bus.tasks.create, f"t{n}", "bulk")
        found = await bus.tasks.list(task_type="bulk")
        assert len({task.id for task in found}) == 450
        assert [t.created_at for t in found] == sorted((t.created_at for t in found), reverse=True)
        assert await bus.tasks.list(task_type="bulk", limit=250) == found[:250]
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        assert await bus.tasks.list(created_after=tomorrow) == []
        assert len(await bus.tasks.list(created_before=tomorrow, limit=3)) == 3
        middle = found[200]
        older = await bus.tasks.list(task_type="bulk", created_before=middle.created_at)
        assert all(task.created_at < middle.created_at for task in older)


async def test_tasks_in_a_workflow(daemon: DaemonProcess) -> None:
    async with botbus.connect("planner", url=daemon.url) as bus:
        await bus.workflows.save({"name": "release", "version": "1", "steps": []})
        a, b, c = [(await bus.tasks.create(title, "script")).id for title in "abc"]
        for task in (a, b, c):
            await bus.tasks.add_to_workflow("release", task)
        assert await bus.tasks.reorder("release", [c, a, b])
        assert [place.task.title for place in await bus.tasks.of_workflow("release")] == list("cab")
        assert await bus.tasks.remove_from_workflow("release", a)
        with pytest.raises(Conflict):
            await bus.tasks.reorder("release", [a, b, c])
        (place,) = await bus.tasks.workflows_of(b)
        assert (place.task_id, place.sequence) == (b, 2)


async def test_connections(daemon: DaemonProcess) -> None:
    async with botbus.connect("gateway", url=daemon.url) as bus:
        one = await bus.connections.register("browser", "websocket", metadata={"ip": "::1"})
        assert one.metadata == {"ip": "::1"}
        assert (await bus.connections.heartbeat(one.id)).is_active
        assert not (await bus.connections.close(one.id)).is_active
        assert (await bus.connections.list(client_id="browser"))[0].is_active is False
        assert (await bus.connections.get(one.id)).client_id == "browser"


async def test_configurations(daemon: DaemonProcess) -> None:
    async with botbus.connect("operator", url=daemon.url) as bus:
        made = await bus.configurations.set("app.port", 8080, description="where it listens")
        assert (made.value, made.value_type) == (8080, "integer")
        assert await bus.configurations.get("app.port") == made
        with pytest.raises(Conflict):
            await bus.configurations.set("app.port", 1, if_value=80)
        with pytest.raises(Conflict):
            await bus.configurations.set("app.port", 1, if_absent=True)
        assert (await bus.configurations.set("app.port", 1, if_value=8080)).value == 1
        with pytest.raises(Invalid, match="of type integer"):
            await bus.configurations.set("app.port", "1")
        with pytest.raises(Invalid, match="unset the key"):
            await bus.configurations.set("app.port", None)
        secret = await bus.configurations.set("app.key", "hunter2", is_secret=True)
        assert secret.value is None
        found = await bus.configurations.get("app.key")
        assert found.value == "hunter2"
        assert "hunter2" not in f"{found} {found!r}"
        listed = await bus.configurations.list("app.")
        assert [(c.key, c.value) for c in listed] == [("app.key", None), ("app.port", 1)]
        assert await bus.configurations.unset("app.port", if_value=1)
        assert not await bus.configurations.unset("app.port")


async def test_a_watch_tells_of_changes_from_now_on(daemon: DaemonProcess) -> None:
    async with (
        botbus.connect("operator", url=daemon.url) as operator,
        botbus.connect("app", url=daemon.url) as app,
    ):
        await operator.configurations.set("app.level", "info")
        start = (await app.history(channel="botbus.config"))[0].seq
        watch = app.configurations.watch("app.", after=start)
        exactly = app.configurations.watch(key="app.level", after=start)
        for key in ("other", "app.level2", "app.level"):
            await operator.configurations.set(key, "debug")
        await operator.configurations.set("app.key", "hunter2", is_secret=True)
        await operator.configurations.unset("app.level")
        with anyio.fail_after(10):
            seen = [await anext(watch) for _ in range(4)]
            one = await anext(exactly)
        told = [(m.type, m.body["key"], m.body.get("value")) for m in seen]
        assert told == [
            ("config.set", "app.level2", "debug"),
            ("config.set", "app.level", "debug"),
            ("config.set", "app.key", None),
            ("config.unset", "app.level", None),
        ]
        assert one == seen[1]
        await watch.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(watch)


async def test_records_in_an_atomic_frame(daemon: DaemonProcess) -> None:
    async with botbus.connect("coder", url=daemon.url) as bus:
        task = await bus.tasks.create("t", "script")
        async with bus.atomic() as frame:
            move = frame.add(UpdateTaskStatus(id=task.id, status="running"), moved)
            frame.send("planner", "at it")
        assert move.result == await bus.tasks.get(task.id)
        assert move.result.status == "running"


def moved(reply: AnyReply) -> Task:
    return narrowed(reply, TaskReply).task


def test_the_same_without_await(daemon: DaemonProcess) -> None:
    with botbus.connect_sync("planner", url=daemon.url) as bus:
        one = bus.workstreams.create("Release")
        session = bus.sessions.create(one.id)
        assert bus.sessions.list(one.id) == [session]
        task = bus.tasks.create("t", "script")
        entry = bus.tool_executions.start(task.id, "grep")
        assert bus.tool_executions.finish(entry.id).status == "completed"
        bus.configurations.set("k", 1)
        watch = bus.configurations.watch("k", after=0)
        assert next(watch).body["value"] == 1
        watch.close()
        with pytest.raises(NotFound):
            bus.configurations.get("nothing")
        assert bus.connections.list(client_id="nobody") == []
