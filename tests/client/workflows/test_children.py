"""Runs that a run starts and waits for."""

from dataclasses import dataclass
from typing import Any

import pytest

import botbus
from tests.client.workflows.stage import SECONDS, staged, twice, until_step
from tests.daemons import DaemonProcess

pytestmark = pytest.mark.anyio


@dataclass
class Double:
    number: int


async def test_a_child_gives_its_result(daemon: DaemonProcess) -> None:
    @botbus.workflow("double")
    async def double(run: botbus.Run) -> Double:
        return Double(run.input * 2)

    async def body(run: botbus.Run) -> Any:
        return await run.child("typed", double, 21), await run.child("by name", "double", 4)

    first, second = await twice(daemon, body, also=double)
    assert first == second
    assert first == (Double(42), {"number": 8})
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
