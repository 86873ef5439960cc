"""A bot that makes releases, each a run of a workflow, and one that asks for a release.

    python releaser.py                  works on releases
    python releaser.py --slow           the same, and takes an hour to build
    python releaser.py VERSION          asks for one release, and waits until it is out

Run several that work. If one dies in the middle, another one goes on after the last finished step,
and if all die, whoever comes back. The same version is the same release.
"""

import asyncio
import sys
from contextlib import suppress

import botbus

WORD = sys.argv[1] if len(sys.argv) > 1 else ""
BUILDING = 3600.0 if WORD == "--slow" else 0.0


def tag(version: str) -> str:
    print(f"tags v{version}", flush=True)
    return f"v{version}"


async def build(name: str) -> str:
    print(f"builds {name}", flush=True)
    await asyncio.sleep(BUILDING)
    return f"{name}.tar.gz"


@botbus.workflow("release")
async def release(run: botbus.Run) -> dict[str, str]:
    name = await run.step("tag", tag, run.input["version"])
    file = await run.step("build", build, name, retries=3)
    verdict = await run.approval(
        "publish", prompt=f"Publish {file}?", ask="maintainer", timeout=600
    )
    if not verdict.approved:
        return {"kept": file, "because": verdict.comment}
    await run.publish("builds", {"change": name, "ok": True}, type="build.done")
    return {"published": file, "by": verdict.by}


async def main() -> None:
    async with botbus.connect("releaser", timeout=30) as bus:
        await bus.create_channel("builds")
        if WORD in {"", "--slow"}:
            worker = await bus.work(release, concurrency=4)
            print("ready", flush=True)
            await worker.wait()
        else:
            run = await bus.start("release", {"version": WORD}, key=f"release-{WORD}")
            print(f"run {run.id}", flush=True)
            print(f"is out: {await run.result(timeout=600)}", flush=True)


with suppress(KeyboardInterrupt):
    asyncio.run(main())
