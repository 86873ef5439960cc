"""The context of a run: there for others to see, and the same on the replay."""

from typing import Any

import pytest

import botbus
from tests.client.workflows.stage import SECONDS, staged
from tests.daemons import DaemonProcess

pytestmark = pytest.mark.anyio


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
