"""What a run waits for until somebody approves or rejects it."""

from typing import Any

import pytest

import botbus
from tests.client.workflows.stage import SECONDS, staged, twice
from tests.daemons import DaemonProcess

pytestmark = pytest.mark.anyio


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


async def test_an_approval_is_for_the_one_who_was_asked(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        verdict = await run.approval("publish", ask="boss")
        return verdict.approved, verdict.by

    async with (
        botbus.connect("boss", url=daemon.url) as boss,
        botbus.connect("stranger", url=daemon.url) as stranger,
        staged(daemon, body) as stage,
    ):
        run = await stage.start()
        (question,) = await boss.fetch(wait=SECONDS)
        await stranger.send("player", True, reply_to=question.message.id)
        (left,) = await stage.bus.fetch(wait=SECONDS)
        assert left.message.sender == "stranger"
        await stage.until(run.id, "paused")
        await question.reply(False)
        assert await run.result(SECONDS) == [False, "boss"]
