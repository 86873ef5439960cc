"""Mistakes of authors: each gets one sentence that says what to do, where it is made."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

import botbus
from tests.client.workflows.stage import SECONDS, staged, until_free, until_step
from tests.daemons import DaemonProcess

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@botbus.workflow("release")
async def release(run: botbus.Run) -> None:
    """Nothing."""


@botbus.workflow("release", version="2.0")
async def release_two(run: botbus.Run) -> None:
    """Nothing."""


class TestDecorating:
    def test_without_a_name(self) -> None:
        async def body(run: botbus.Run) -> None: ...

        with pytest.raises(botbus.Invalid, match=r'write @botbus.workflow\("name"\)'):
            botbus.workflow(body)  # type: ignore[arg-type] # on purpose

    def test_with_what_is_no_name(self) -> None:
        with pytest.raises(botbus.Invalid, match="workflow 'my release' is not a name"):
            botbus.workflow("my release")

    def test_with_an_owner_that_there_is_not(self) -> None:
        with pytest.raises(botbus.Invalid, match='owner is "global" or "bot"'):
            botbus.workflow("release", owner="me")  # type: ignore[arg-type] # on purpose

    def test_a_plain_function(self) -> None:
        def body(run: botbus.Run) -> None: ...

        with pytest.raises(botbus.Invalid, match="'release' is no async function: write async def"):
            botbus.workflow("release")(body)  # type: ignore[arg-type] # on purpose

    def test_a_generator(self) -> None:
        async def body(run: botbus.Run) -> AsyncIterator[int]:
            yield 1

        with pytest.raises(botbus.Invalid, match="'release' is a generator: return its result"):
            botbus.workflow("release")(body)  # type: ignore[arg-type] # on purpose

    def test_a_function_that_takes_nothing(self) -> None:
        async def body() -> None: ...

        with pytest.raises(botbus.Invalid, match="takes nothing: give it one parameter"):
            botbus.workflow("release")(body)  # type: ignore[arg-type] # on purpose


async def test_working_on_what_is_no_workflow(daemon: DaemonProcess) -> None:
    async def plain(run: botbus.Run) -> None: ...

    async with botbus.connect("player", url=daemon.url) as bus:
        work: Any = bus.work
        with pytest.raises(botbus.Invalid, match=r"plain is no workflow: put @botbus\.workflow"):
            await work(plain)
        with pytest.raises(botbus.Invalid, match="nothing to work on"):
            await work()
        with pytest.raises(botbus.Invalid, match=r"'release' is given twice, as .*1.0.0 and 2.0"):
            await work(release, release_two)
        with pytest.raises(botbus.Invalid, match="concurrency must be 1 or more"):
            await work(release, concurrency=0)
        with pytest.raises(botbus.Invalid, match=r"lease must be seconds from 0.1"):
            await work(release, lease=0)
        assert await bus.workflows.list() == []
        await work(release, release)


async def test_starting_what_is_not_there(daemon: DaemonProcess) -> None:
    async with botbus.connect("player", url=daemon.url) as bus:
        with pytest.raises(botbus.NotFound, match="nowhere"):
            await bus.start("nowhere")
        await bus.work(release)
        with pytest.raises(botbus.NotFound, match=r"9\.9"):
            await bus.start("release", version="9.9")


async def test_an_input_that_is_too_much_or_nothing_json_knows(daemon: DaemonProcess) -> None:
    async with botbus.connect("player", url=daemon.url) as bus:
        await bus.work(release)
        with pytest.raises(botbus.TooLarge, match=r"limit|send less"):
            await bus.start("release", "x" * 5_000_000)
        with pytest.raises(botbus.Invalid, match="input has a object, which JSON cannot hold"):
            await bus.start("release", {"a": object()})
        assert await bus.runs.list() == []


@pytest.mark.parametrize("again", ["step", "approval", "now", "publish", "uuid", "random"])
async def test_a_name_that_is_used_twice(daemon: DaemonProcess, again: str) -> None:
    async def body(run: botbus.Run) -> None:
        await run.step("step", lambda: 1)
        run.uuid()
        run.random()
        await run.now()
        if again == "step":
            await run.step("step", lambda: 2)
        elif again == "approval":
            await run.approval("step")
        elif again == "now":
            await run.now()
        elif again == "publish":
            for n in range(2):
                await run.publish("builds", n)
        elif again == "uuid":
            run.uuid()
        else:
            run.random()

    async with staged(daemon, body) as stage:
        await stage.bus.create_channel("builds")
        with pytest.raises(botbus.RunFailed, match="is used twice in this run"):
            await stage.play()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"retries": -1}, "retries must be 0 or more, not -1"),
        ({"timeout": 0}, "timeout must be seconds above 0, not 0"),
        ({"backoff": -0.5}, "backoff must be seconds from 0 on, not -0.5"),
    ],
)
async def test_rules_that_cannot_be_kept(
    daemon: DaemonProcess, options: dict[str, Any], sentence: str
) -> None:
    async def body(run: botbus.Run) -> None:
        await run.step("tag", lambda: 1, **options)

    async with staged(daemon, body) as stage:
        with pytest.raises(botbus.RunFailed, match=sentence):
            await stage.play()


async def test_names_that_are_none(daemon: DaemonProcess) -> None:
    async def body(run: botbus.Run) -> None:
        await run.step("x" * 257 if run.input else "", lambda: 1)

    async with staged(daemon, body) as stage:
        for long in (True, False):
            with pytest.raises(botbus.RunFailed, match="a text of 1 to 256 characters"):
                await stage.play(long)


async def test_a_message_that_nobody_may_get(daemon: DaemonProcess) -> None:
    """What the daemon refuses fails the step, once and for all."""

    async def body(run: botbus.Run) -> str:
        with pytest.raises(botbus.StepFailed) as caught:
            await run.publish("nowhere", 1)
        return caught.value.error

    async with staged(daemon, body) as stage:
        assert "nowhere" in await stage.play()


@pytest.mark.parametrize("what", ["channel", "workflow", "version", "bot"])
async def test_waiting_for_what_there_is_not(daemon: DaemonProcess, what: str) -> None:
    async def body(run: botbus.Run) -> Any:
        try:
            if what == "channel":
                await run.wait_message("wait", channel="nowhere")
            elif what == "workflow":
                await run.child("wait", "nothing")
            elif what == "version":
                await run.child("wait", "play", version="9.9")
            else:
                await run.ask("no bot", 1, name="wait")
        except (botbus.StepFailed, botbus.Invalid) as error:
            return str(error)

    async with staged(daemon, body) as stage:
        run = await stage.start()
        said = await run.result(SECONDS)
        assert {"channel": "nowhere", "workflow": "nothing", "version": "9.9"}.get(
            what, "not a name"
        ) in said
        assert await run.status() == "completed"


async def test_a_run_that_is_deleted_under_its_worker(daemon: DaemonProcess) -> None:
    gone = anyio.Event()

    async def step() -> None:
        try:
            await anyio.sleep(0.3)
        finally:
            gone.set()

    async def body(run: botbus.Run) -> None:
        for n in range(100):
            await run.step(f"step {n}", step)

    async with staged(daemon, body) as stage:
        run = await stage.start()
        await until_step(stage.bus, run.id, "step 0", "running")
        await run.cancel()
        workflow = await stage.bus.workflows.by_name("play")
        assert await stage.bus.workflows.delete(workflow.id, force=True)
        await gone.wait()
        await until_free(stage)
