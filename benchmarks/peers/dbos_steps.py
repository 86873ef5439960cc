"""DBOS with its system database on SQLite, without its logs, traces, or anything but this process.

It sets neither `synchronous` nor `journal_mode`, so SQLite's own defaults hold: FULL, with a rollback
journal. The database is put into WAL beforehand, which is quicker, and durable without the sync of
the folder that FULL leaves out when it deletes a journal.
"""

import asyncio
import importlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

from benchmarks.figures import Measured
from benchmarks.peers.peer import Peer
from benchmarks.peers.stepping import installed, measured_in
from benchmarks.players import Ready
from benchmarks.stage import Stage
from benchmarks.steps import STEPS, in_steps, plain_step, step


def find() -> str | None:
    return installed("dbos")


def measure(stage: Stage) -> Measured:
    return measured_in(stage, {"async": run_async, "def": run_plain})


PEER = Peer(
    "dbos",
    "DBOS on SQLite, WAL",
    find,
    measure,
    "DBOS sets no synchronous and no journal_mode: it has SQLite's FULL, and a rollback journal; "
    "here its database was put into WAL, which is quicker.",
)


@contextmanager
def launched(database: str) -> Iterator[Any]:
    """The library, connected to nothing but a new database."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
    dbos = importlib.import_module("dbos").DBOS
    config = {"name": "ten-steps", "system_database_url": f"sqlite:///{database}"}
    dbos(config={**config, "log_level": "ERROR", "enable_otlp": False})
    try:
        yield dbos
    finally:
        dbos.destroy()


async def run_async(ready: Ready, database: str, runs: int, at_once: int) -> Measured:
    """Runs whose steps are `async def`."""
    with launched(database) as dbos:
        checkpointed = dbos.step()(step)

        async def ten_steps() -> None:
            for number in range(STEPS):
                await checkpointed(number)

        workflow = dbos.workflow()(ten_steps)
        dbos.launch()
        ready()
        return await in_steps(workflow, runs, at_once)


async def run_plain(ready: Ready, database: str, runs: int, at_once: int) -> Measured:
    """Runs whose steps are `def`, each run in a thread."""
    with launched(database) as dbos, ThreadPoolExecutor(at_once) as threads:
        checkpointed = dbos.step()(plain_step)

        def ten_steps() -> None:
            for number in range(STEPS):
                checkpointed(number)

        workflow = dbos.workflow()(ten_steps)
        dbos.launch()
        ready()
        run = partial(asyncio.get_running_loop().run_in_executor, threads, workflow)
        return await in_steps(run, runs, at_once)
