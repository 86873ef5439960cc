"""A run that is tried again: what it does, says and asks anew, and what stays as it was."""

from typing import Any

import anyio
import pytest

import botbus
from tests.client.workflows.stage import (
    SECONDS,
    staged,
    until_step,
)
from tests.daemons import DaemonProcess

pytestmark = pytest.mark.anyio


async def test_a_run_that_failed_is_retried_from_where_it_failed(daemon: DaemonProcess) -> None:
    calls: list[str] = []
    broken = True

    async def deploy() -> None:
        calls.append("deploy")
        if broken:
            raise ValueError("the disk is full")

    async def body(run: botbus.Run) -> str:
        await run.step("tag", calls.append, "tag")
        await run.step("deploy", deploy)
        return "done"

    async with staged(daemon, body) as stage:
        run = await stage.start()
        with pytest.raises(botbus.RunFailed, match="the disk is full"):
            await run.result(SECONDS)
        broken = False
        await run.retry()
        assert await run.result(SECONDS) == "done"
        assert calls == ["tag", "deploy", "deploy"]
        await run.retry("tag")
        assert await run.result(SECONDS) == "done"
        rows = await stage.bus.runs.steps(run.id)
    assert calls == ["tag", "deploy", "deploy", "tag", "deploy"]
    assert [row.superseded for row in rows] == [True] * 3 + [False] * 2


async def test_a_run_that_goes_on_is_not_retried_in_silence(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> None:
        await run.approval("publish")

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await until_step(stage.bus, run.id, "publish", "waiting_approval")
        with pytest.raises(botbus.IllegalState, match="only an ended run can be retried"):
            await run.retry("publish")


async def test_a_retried_run_makes_its_child_anew(daemon: DaemonProcess) -> None:
    broken = True

    async def body(run: botbus.Run) -> Any:
        if run.input == "child":
            if broken:
                raise ValueError("no luck")
            return "luck"
        return await run.child("child", "play", "child")

    async with staged(daemon, body) as stage:
        run = await stage.start()
        with pytest.raises(botbus.RunFailed, match="no luck"):
            await run.result(SECONDS)
        broken = False
        await run.retry()
        assert await run.result(SECONDS) == "luck"


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
