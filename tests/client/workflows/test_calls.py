"""Every call that a run offers: its result on the first run, and the same on the replay."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import msgspec
import pytest

import botbus
from tests.client.workflows.stage import SECONDS, staged, twice, until_free, until_step
from tests.daemons import DaemonProcess

pytestmark = pytest.mark.anyio


class Tag(msgspec.Struct):
    name: str
    made: datetime


@dataclass
class Build:
    number: int
    tags: tuple[str, ...]


async def test_steps_run_once_and_give_the_same(daemon: DaemonProcess) -> None:
    calls: list[str] = []

    async def tag(version: str) -> Tag:
        calls.append("tag")
        return Tag(version, datetime.now(UTC))

    def build(number: int, *, tags: tuple[str, ...]) -> Build:
        calls.append("build")
        return Build(number, tags)

    async def body(run: botbus.Run) -> Any:
        return (
            await run.step("tag", tag, run.input["version"]),
            await run.step("build", build, 7, tags=("a", "b")),
            await run.step("plain", lambda: {"a": (1, 2), 3: None}),
            await run.step("late", lambda: tag("late")),
        )

    first, second = await twice(daemon, body, {"version": "1.2"})
    assert first == second
    assert isinstance(first[0], Tag)
    assert first[1:3] == (Build(7, ("a", "b")), {"a": [1, 2], "3": None})
    assert first[3]["name"] == "late"
    assert calls == ["tag", "build", "tag"]


async def test_time_ids_and_numbers_are_remembered(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        assert random.random() != run.random()
        return (
            await run.now(),
            await run.now("later"),
            run.uuid(),
            run.uuid("ticket"),
            run.random("dice"),
        )

    first, second = await twice(daemon, body)
    assert first == second
    assert first[0] < first[1] <= datetime.now(UTC)
    assert first[2] != first[3]


async def test_messages_leave_once(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        return (
            await run.send("tester", {"n": 1}, type="work", headers={"a": "b"}),
            await run.send("tester", {"n": 2}),
            await run.send("tester", {"n": 3}, name="once more"),
            await run.publish("builds", {"n": 4}, type="build.done"),
        )

    async with botbus.connect("tester", url=daemon.url) as tester:
        await tester.create_channel("builds")
        await tester.subscribe("builds")
        first, second = await twice(daemon, body)
        assert first == second
        deliveries = await tester.fetch(max=10, wait=SECONDS)
    assert [delivery.message.body["n"] for delivery in deliveries] == [1, 2, 3, 4]
    assert [delivery.message.id for delivery in deliveries] == list(first)
    assert deliveries[0].message.headers == {"a": "b"}
    assert {delivery.message.sender for delivery in deliveries} == {"player"}


async def test_a_question_is_asked_once(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        answer = await run.ask("coder", {"q": "status?"}, timeout=SECONDS)
        return answer.body, answer.sender, answer.id

    async with (
        botbus.connect("coder", url=daemon.url) as coder,
        anyio.create_task_group() as tasks,
    ):

        async def answers() -> None:
            async for delivery in coder.listen():
                await delivery.reply({"status": "fine"})

        tasks.start_soon(answers)
        first, second = await twice(daemon, body)
        assert first == second
        assert first[:2] == ({"status": "fine"}, "coder")
        assert len(await coder.history(between=("coder", "player"))) == 2
        tasks.cancel_scope.cancel()


async def test_an_answer_that_takes_long_finds_the_run_again(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        return (await run.ask("coder", "status?")).body

    async with botbus.connect("coder", url=daemon.url) as coder, staged(daemon, body) as stage:
        run = await stage.start()
        await stage.until(run.id, "paused")
        await until_free(stage)
        (question,) = await coder.fetch(wait=SECONDS)
        await question.reply("fine")
        assert await run.result(SECONDS) == "fine"


async def test_a_question_that_nobody_answers(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        try:
            await run.ask("nobody", "status?", timeout=0.1)
        except botbus.Timeout as error:
            return type(error).__name__, str(error)

    first, second = await twice(daemon, body)
    assert first == second
    assert first[0] == "StepTimeout"
    assert "no message came within 0.1 s" in first[1]


async def test_a_message_is_waited_for(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        message = await run.wait_message("ci", type="ci.done", where={"build": 7}, timeout=SECONDS)
        return message.id, message.body

    async with botbus.connect("ci", url=daemon.url) as ci, staged(daemon, body) as stage:
        run = await stage.start()
        await stage.until(run.id, "paused")
        await ci.send("player", {"build": 6}, type="ci.done")
        sent = await ci.send("player", {"build": 7, "ok": True}, type="ci.done")
        assert await run.result(SECONDS) == [sent.id, {"build": 7, "ok": True}]
        left = await stage.bus.fetch(max=5)
        assert [delivery.message.body for delivery in left] == [{"build": 6}]


async def test_a_message_may_be_there_before(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        return (await run.wait_message("ci", type="ci.done")).body

    async with botbus.connect("ci", url=daemon.url) as ci:
        await ci.send("player", "early", type="ci.done")
        first, second = await twice(daemon, body)
    assert (first, second) == ("early", "early")


async def test_messages_of_a_channel_are_taken_one_after_the_other(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        return [
            (await run.wait_message(f"news {n}", channel="news", timeout=SECONDS)).body
            for n in range(3)
        ]

    async with botbus.connect("press", url=daemon.url) as press, staged(daemon, body) as stage:
        await press.create_channel("news")
        await press.publish("news", "before the run")
        run = await stage.start()
        for n in range(3):
            await press.publish("news", n)
        assert await run.result(SECONDS) == [0, 1, 2]


async def test_a_message_that_does_not_come(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        with pytest.raises(botbus.StepTimeout, match=r"no message came within 0\.3 s") as caught:
            await run.wait_message("ci", timeout=0.3)
        return str(caught.value)

    first, second = await twice(daemon, body)
    assert first == second


@pytest.mark.parametrize("seconds", [0, 0.05, 0.5, timedelta(seconds=0.4)])
async def test_sleep_is_as_long_as_said(daemon: DaemonProcess, seconds: float | timedelta) -> None:
    length = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds

    async def body(run: botbus.Run) -> float:
        began = await run.now("began")
        await run.sleep("nap", seconds)
        return ((await run.now("ended")) - began).total_seconds()

    async with staged(daemon, body) as stage:
        assert length <= await stage.play() < length + 5


async def test_nobody_is_needed_for_a_long_sleep(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> None:
        await run.sleep("nap", 3600)

    async with staged(daemon, body, concurrency=1) as stage:
        runs = [await stage.start() for _ in range(3)]
        for run in runs:
            await stage.until(run.id, "paused")
        await until_free(stage)


async def test_an_approval_by_a_person(daemon: DaemonProcess) -> None:
    before: list[str] = []

    async def prepare() -> None:
        before.append("prepared")

    async def body(run: botbus.Run) -> Any:
        await run.step("prepare", prepare)
        verdict = await run.approval("publish", prompt="Publish v1?", data={"tag": "v1"})
        return verdict.approved, verdict.by, verdict.comment, verdict.expired

    async with staged(daemon, body) as stage:
        for approved in (True, False):
            run = await stage.start()
            await stage.until(run.id, "paused")
            (step,) = [s for s in await stage.bus.runs.steps(run.id) if s.step_id == "publish"]
            assert step.input == {"prompt": "Publish v1?", "data": {"tag": "v1"}}
            decide = stage.bus.runs.approve if approved else stage.bus.runs.reject
            await decide(run.id, "publish", by="ada", comment="looked at it")
            assert await run.result(SECONDS) == [approved, "ada", "looked at it", False]
    assert before == ["prepared"] * 2


async def test_an_approval_is_bound_to_what_was_shown(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> bool:
        return (await run.approval("publish", prompt="Publish v1?")).approved

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await stage.until(run.id, "paused")
        with pytest.raises(botbus.Conflict):
            await stage.bus.runs.approve(run.id, "publish", input_hash="0" * 64)
        assert await run.status() == "paused"


async def test_an_approval_by_a_message(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        verdict = await run.approval("publish", prompt="Publish?", ask="boss")
        return verdict.approved, verdict.by, verdict.comment

    async with botbus.connect("boss", url=daemon.url) as boss, staged(daemon, body) as stage:
        run = await stage.start()
        (question,) = await boss.fetch(wait=SECONDS)
        assert question.message.type == "approval.request"
        assert question.message.body["prompt"] == "Publish?"
        assert question.message.body["run"] == run.id
        await question.reply({"approved": True, "comment": "go"})
        assert await run.result(SECONDS) == [True, "boss", "go"]
        assert await boss.fetch(wait=0.2) == []


async def test_an_approval_expires(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        return await run.approval("publish", timeout=0.3)

    first, second = await twice(daemon, body)
    assert first == second == botbus.Approval(approved=False, expired=True)


async def test_a_child_gives_its_result(daemon: DaemonProcess) -> None:
    @botbus.workflow("double")
    async def double(run: botbus.Run) -> Build:
        return Build(run.input * 2, ())

    async def body(run: botbus.Run) -> Any:
        return await run.child("typed", double, 21), await run.child("by name", "double", 4)

    first, second = await twice(daemon, body, also=double)
    assert first == second
    assert first == (Build(42, ()), {"number": 8, "tags": []})
    async with botbus.connect("watcher", url=daemon.url) as watcher:
        assert len(await watcher.runs.list("double")) == 2


async def test_a_child_of_its_own_kind_needs_no_second_slot(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> int:
        return 1 + await run.child("deeper", "play", run.input - 1) if run.input else 0

    async with staged(daemon, body, concurrency=1) as stage:
        assert await stage.play(3) == 3


async def test_a_child_that_fails(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        if run.input == "child":
            raise ValueError("no luck")
        with pytest.raises(
            botbus.StepFailed, match="'child' failed: ValueError: no luck"
        ) as caught:
            await run.child("child", "play", "child")
        return str(caught.value)

    first, second = await twice(daemon, body)
    assert first == second


async def test_a_child_is_cancelled_with_its_parent(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        if run.input == "child":
            await run.sleep("long", 3600)
        await run.child("child", "play", "child")

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await until_step(stage.bus, run.id, "child", "running")
        await stage.until(run.id, "paused")
        await run.cancel()
        with pytest.raises(botbus.RunCancelled):
            await run.result(SECONDS)
        (child,) = [r for r in await stage.bus.runs.list("play") if r.parent == run.id]
        assert child.status == "cancelled"


async def test_a_cancelled_child_fails_its_step(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        if run.input == "child":
            await run.sleep("long", 3600)
        try:
            await run.child("child", "play", "child")
        except botbus.StepFailed as error:
            return error.error

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await until_step(stage.bus, run.id, "child", "running")
        (child,) = [r for r in await stage.bus.runs.list("play") if r.parent == run.id]
        await stage.bus.runs.cancel(child.id)
        assert "cancelled" in await run.result(SECONDS)


async def test_branches_run_side_by_side(daemon: DaemonProcess) -> None:
    met = [anyio.Event(), anyio.Event()]

    async def meet(number: int) -> int:
        met[number].set()
        with anyio.fail_after(SECONDS):
            await met[1 - number].wait()
        return number

    async def body(run: botbus.Run) -> list[int]:
        found: dict[int, int] = {}

        async def branch(number: int) -> None:
            found[number] = await run.step(f"meet {number}", meet, number)
            await run.sleep(f"nap {number}", 0.3 * (number + 1))
            found[number] += await run.step(f"add {number}", lambda: 10)

        async with anyio.create_task_group() as tasks:
            for number in range(2):
                tasks.start_soon(branch, number)
        return [found[0], found[1]]

    first, second = await twice(daemon, body)
    assert first == second == [10, 11]


async def test_one_branch_works_while_another_waits(daemon: DaemonProcess) -> None:
    """The run stays in its worker as long as somebody works in it."""
    gate = anyio.Event()
    calls: list[int] = []

    async def long() -> None:
        calls.append(1)
        await gate.wait()

    async def body(run: botbus.Run) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run.step, "long", long)
            tasks.start_soon(run.approval, "publish")

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await until_step(stage.bus, run.id, "publish", "waiting_approval")
        await until_step(stage.bus, run.id, "long", "running")
        await anyio.sleep(0.3)
        assert await run.status() == "running"
        gate.set()
        await stage.until(run.id, "paused")
        await stage.bus.runs.approve(run.id, "publish")
        await run.result(SECONDS)
    assert calls == [1]


async def test_the_context_is_there_for_others_and_repeats_itself(daemon: DaemonProcess) -> None:
    seen: list[dict[str, Any]] = []

    async def body(run: botbus.Run) -> None:
        run.context["count"] = run.context.get("count", 0) + 1
        run.context["gone"] = True
        await run.step("one", lambda: 1)
        del run.context["gone"]
        await run.step("two", lambda: 2)
        seen.append(dict(run.context))
        await run.approval("gate")
        run.context["end"] = "reached"

    async with staged(daemon, body) as stage:
        run = await stage.start(context={"count": 40})
        await stage.until(run.id, "paused")
        assert (await run.get()).context == {"count": 41}
        await stage.bus.runs.approve(run.id, "gate")
        await run.result(SECONDS)
        assert (await run.get()).context == {"count": 41, "end": "reached"}
    assert seen == [{"count": 41}, {"count": 41}]


async def test_the_context_is_not_lost_with_a_step_that_is_refused(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> None:
        run.context["one"] = 1
        with pytest.raises(botbus.StepFailed):
            await run.step("odd", object)
        await run.step("even", lambda: 2)
        run.context["two"] = 2
        with pytest.raises(botbus.StepFailed):
            await run.publish("nowhere", 1)
        await run.approval("gate")

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await stage.until(run.id, "paused")
        assert (await run.get()).context == {"one": 1}
        await stage.bus.runs.approve(run.id, "gate")
        await run.result(SECONDS)
        assert (await run.get()).context == {"one": 1, "two": 2}


async def test_the_logger_is_silent_on_replay(
    daemon: DaemonProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "botbus.workflow.play")

    async def body(run: botbus.Run) -> None:
        run.logger.info("begins")
        await run.step("one", lambda: 1)
        run.logger.info("goes on")
        await run.approval("gate")
        run.logger.info("ends")

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await stage.until(run.id, "paused")
        await stage.bus.runs.approve(run.id, "gate")
        await run.result(SECONDS)
    said = [r.message for r in caplog.records if r.name == "botbus.workflow.play"]
    assert said == ["begins", "goes on", "ends"]
