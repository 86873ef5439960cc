"""A workflow that does what its input says, and runs of it."""

import time
from typing import Any

import anyio

import botbus
from tests.cli.command import Botbus

SECONDS = 20.0


@botbus.workflow("play", owner="global")
async def play(run: botbus.Run) -> Any:
    """Does what its input says."""
    said = run.input if isinstance(run.input, dict) else {}
    tag = await run.step("tag", lambda: f"v{said.get('version', 0)}")
    if "fail" in said:
        await run.step("break", fail)
    if "approve" in said:
        verdict = await run.approval("publish", prompt=f"Publish {tag}?\nReally?", timeout=3600)
        return {"tag": tag, "approved": verdict.approved}
    if "sleep" in said:
        await run.sleep("nap", said["sleep"])
    return {"tag": tag}


async def fail() -> None:
    await anyio.sleep(0.01)
    raise RuntimeError("no disk:\nit is full")


def key() -> str:
    """One that no other test uses."""
    return f"k-{botbus.new_id()}"


def started(run: Botbus, text: str = "{}", *words: str) -> str:
    """The key of a new run of `play`."""
    name = key()
    done = run("run", "start", "play", text, "--key", name, *words)
    assert done.code == 0, done.err
    return name


def until(run: Botbus, word: str, status: str) -> Any:
    """What `run show` says, once it says that status."""
    end = time.monotonic() + SECONDS
    while (shown := run("run", "show", word, "--json").object)["status"] != status:
        assert time.monotonic() < end, shown
    return shown
