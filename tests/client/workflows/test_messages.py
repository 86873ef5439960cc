"""What a run says and asks, and what it waits to hear: each once, however often it is replayed."""

import re
from typing import Any

import anyio
import pytest

import botbus
from tests.client.workflows.stage import SECONDS, staged, twice, until_free
from tests.daemons import DaemonProcess

pytestmark = pytest.mark.anyio


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


def about(tenths: int) -> str:
    """A pattern of so many tenths of a second, less what it took to write that they are waited for."""
    return rf"0\.({tenths}|{tenths - 1}\d)"


async def test_a_question_that_nobody_answers(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> Any:
        try:
            await run.ask("nobody", "status?", timeout=0.1)
        except botbus.Timeout as error:
            return type(error).__name__, str(error)

    first, second = await twice(daemon, body)
    assert first == second
    assert first[0] == "StepTimeout"
    assert re.search(rf"no message came within {about(1)} s", first[1])


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
        with pytest.raises(botbus.StepTimeout, match=rf"within {about(3)} s") as caught:
            await run.wait_message("ci", timeout=0.3)
        return str(caught.value)

    first, second = await twice(daemon, body)
    assert first == second
