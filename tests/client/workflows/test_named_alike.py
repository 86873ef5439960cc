"""Workflows of one name that belong to different owners: which of them a child is made of."""

from typing import Any

import pytest

import botbus
from tests.client.workflows.stage import SECONDS, staged
from tests.daemons import DaemonProcess

pytestmark = pytest.mark.anyio


@botbus.workflow("render")
async def render(run: botbus.Run) -> str:
    return f"the shared one, {run.input}"


async def parent(run: botbus.Run) -> Any:
    return await run.child("render", render, "please", timeout=SECONDS)


async def test_a_child_is_of_the_workflow_that_was_given(daemon: DaemonProcess) -> None:
    async with (
        botbus.connect("painter", url=daemon.url) as painter,
        staged(daemon, parent) as stage,
    ):
        await painter.work(render)
        own = await stage.bus.workflows.save({"name": "render"})
        assert await stage.play() == "the shared one, please"
        assert await stage.bus.runs.list(own.id) == []
        await stage.bus.work(render)
        assert await stage.play() == "the shared one, please"


async def test_a_child_of_a_workflow_that_nobody_saved_fails_its_step(
    daemon: DaemonProcess,
) -> None:
    async def body(run: botbus.Run) -> Any:
        with pytest.raises(botbus.StepFailed, match="render") as caught:
            await parent(run)
        await run.step("go on", lambda: None)
        return caught.value.error

    async with staged(daemon, body) as stage:
        await stage.bus.workflows.save({"name": "render"})
        assert "render" in await stage.play()
