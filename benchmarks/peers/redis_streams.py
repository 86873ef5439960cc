"""Redis Streams with `appendfsync always`: XADD is answered when the command is on the disk."""

import asyncio
import json
import shutil
import subprocess
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
from benchmarks.figures import Measured, latencies, rate
from benchmarks.lines import Silence
from benchmarks.peers.peer import Peer
from benchmarks.players import Ready
from benchmarks.stage import Stage

START_SECONDS = 10.0
STREAM = "messages"
MOST_TASKS = 256
"""Tasks with a connection each; more are slower."""


def find() -> str | None:
    server = shutil.which("redis-server")
    if server is None or find_spec("redis") is None:
        return None
    told = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout
    return next(word[2:] for word in told.split() if word.startswith("v="))


def measure(stage: Stage) -> Measured:
    sizes = stage.sizes
    with stage.places.room() as room, serving(room, stage.places.socket()) as path:
        figures = named("1", stage.first.perform(send, path, sizes.singles, 1))
        for many in (64, 1024):
            ways = {
                "tasks": stage.first.perform(send, path, sizes.messages, min(many, MOST_TASKS)),
                "pipelines": stage.first.perform(send_piped, path, sizes.messages, many),
            }
            figures |= named(f"{many}", max(ways.values(), key=lambda way: way["rate"]))
            figures |= {f"{many}.{way}.rate": found["rate"] for way, found in ways.items()}
        stage.second.begin(listen, path, sizes.singles)
        stage.first.perform(trickle, path, sizes.singles)
        figures |= named("delivery", stage.second.finish())
    return figures


PEER = Peer("redis", "Redis Streams, appendfsync always", find, measure)


@contextmanager
def serving(folder: Path, socket: Path) -> Iterator[str]:
    """A server of one's own; the path of its socket. Raises Silence if it does not come up."""
    command = [
        *("redis-server", "--port", "0", "--unixsocket", str(socket), "--dir", str(folder)),
        *("--appendonly", "yes", "--appendfsync", "always", "--save", ""),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not socket.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Silence("redis-server did not come up")
            time.sleep(0.01)
        yield str(socket)
    finally:
        end(process)


def connect(path: str, connections: int) -> Any:
    """A client with a pool of connections."""
    from redis.asyncio import BlockingConnectionPool, Redis, UnixDomainSocketConnection

    pool = BlockingConnectionPool(
        connection_class=UnixDomainSocketConnection, path=path, max_connections=connections
    )
    return Redis(connection_pool=pool)


async def send(ready: Ready, path: str, count: int, in_flight: int) -> Measured:
    """One XADD a message, from so many tasks with a connection each."""
    async with connect(path, in_flight) as client:
        ready()
        return await measured(lambda: client.xadd(STREAM, {"body": TEXT}), count, in_flight)


async def send_piped(ready: Ready, path: str, count: int, batch: int) -> Measured:
    """Pipelines of so many XADDs, one after the other, from the blocking client."""
    from redis import Redis

    ready()
    with Redis(unix_socket_path=path) as client:
        begun = now()
        for _ in range(0, count, batch):
            pipeline = client.pipeline(transaction=False)
            for _ in range(batch):
                pipeline.xadd(STREAM, {"body": TEXT})
            pipeline.execute()
        return rate(-(-count // batch) * batch, now() - begun)


async def listen(ready: Ready, path: str, count: int) -> Measured:
    """Latencies from before the XADD to the entry in the hands of a blocking XREAD."""
    took: list[int] = []
    async with connect(path, 1) as client, asyncio.timeout(PATIENCE):
        last = (await client.xrevrange(STREAM, count=1))[0][0]
        ready()
        while len(took) < count:
            ((_, entries),) = await client.xread({STREAM: last}, block=0)
            took += [now() - sent_at(json.loads(fields[b"body"])) for _, fields in entries]
            last = entries[-1][0]
    return latencies(took[int(count * WARM_UP) :])


async def trickle(ready: Ready, path: str, count: int) -> Measured:
    """Adds one entry after the other, each with the moment it was sent."""
    async with connect(path, 1) as client:
        ready()
        for _ in range(count):
            await client.xadd(STREAM, {"body": json.dumps(body(now()))})
            await asyncio.sleep(PAUSE)
    return {}
