"""Who may answer what a run asks, and what a retried run says and asks."""

from typing import Any

import anyio
import pytest

import botbus
from tests.client.workflows.stage import SECONDS, staged
from tests.daemons import DaemonProcess

pytestmark = pytest.mark.anyio


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


async def test_a_retry_asks_anew(daemon: DaemonProcess) -> None:
    """What was said about the first question decides nothing about the second."""

    async def body(run: botbus.Run) -> Any:
        answer = await run.ask("boss", "which?")
        return answer.body, (await run.approval("publish", ask="boss")).approved

    async with botbus.connect("boss", url=daemon.url) as boss, staged(daemon, body) as stage:

        async def answer(body: Any) -> botbus.Message:
            (question,) = await boss.fetch(wait=SECONDS)
            await question.reply(body)
            return question.message

        run = await stage.start()
        asked = await answer("this")
        shown = await answer(True)
        assert await run.result(SECONDS) == ["this", True]
        for question, late in ((asked, "late"), (shown, True)):
            await boss.send("player", late, reply_to=question.id)
        await run.retry("ask:boss")
        assert (await answer("that")).id != asked.id
        assert (await answer(False)).id != shown.id
        assert await run.result(SECONDS) == ["that", False]


async def test_a_retry_says_only_what_is_new(daemon: DaemonProcess) -> None:
    tag = "v1"

    async def body(run: botbus.Run) -> None:
        await run.send("tester", "a build has begun")
        await run.publish("builds", await run.step("tag", lambda: tag))

    async with botbus.connect("tester", url=daemon.url) as tester, staged(daemon, body) as stage:
        await tester.create_channel("builds")
        await tester.subscribe("builds")
        run = await stage.start()
        await run.result(SECONDS)
        await run.retry("send:tester")
        await run.result(SECONDS)
        tag = "v2"
        await run.retry("send:tester")
        await run.result(SECONDS)
        said: list[Any] = []
        with anyio.fail_after(SECONDS):
            while said.count("v2") == 0:
                said += [delivery.message.body for delivery in await tester.fetch(max=9, wait=1.0)]
    assert said == ["a build has begun", "v1", "v2"]
