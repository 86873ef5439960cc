"""What a run may call: its result on the first run, and the same on the replay."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

import botbus
from tests.client.workflows.stage import SECONDS, staged, twice, until_free
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
