"""Runs that are written straight into a database, in the state in which a killed worker leaves them.

They are what a daemon finds after a crash, and what the steps of the floor belong to.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.database import make_database
from benchmarks.steps import STEPS
from botbus_protocol.grammar import new_id
from botbus_protocol.timestamps import from_epoch

WORKFLOW = "ten-steps"
TIME = from_epoch(1_750_000_000)


def write_runs(database: Path, runs: int) -> list[str]:
    """Makes a database with so many runs that have a holder; their ids."""
    make_database(database)
    bot, workflow, ids = new_id(), new_id(), [new_id() for _ in range(runs)]
    definition = json.dumps({"id": workflow, "name": WORKFLOW, "version": "1.0.0", "steps": []})
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute(_BOT, (bot, TIME))
        connection.execute(_WORKFLOW, (workflow, WORKFLOW, definition, TIME, TIME))
        connection.execute(_SNAPSHOT, (workflow, definition, TIME))
        rows = [(run, workflow, WORKFLOW, TIME, TIME, bot, f"1-{run}", bot) for run in ids]
        connection.executemany(_RUN, rows)
        connection.execute("COMMIT")
    return ids


def runs_of(steps: int) -> int:
    """How many runs so many steps are."""
    return -(-steps // STEPS)


_BOT = "INSERT INTO bots (id, name, created_at) VALUES (?, 'worker', ?)"
_WORKFLOW = """
    INSERT INTO workflows (id, name, owner_type, definition, version, created_at, updated_at)
    VALUES (?, ?, 'global', ?, '1.0.0', ?, ?)
"""
_SNAPSHOT = """
    INSERT INTO workflow_snapshots (snapshot_id, workflow_id, version, definition, saved_at)
    VALUES (1, ?, '1.0.0', ?, ?)
"""
_RUN = """
    INSERT INTO workflow_runs (
        id, workflow_id, workflow_name, workflow_version, snapshot_id, status, trigger_type,
        created_at, started_at, started_by_bot_id, ready, attempt, lease, holder_bot_id, holder_pid)
    VALUES (?, ?, ?, '1.0.0', 1, 'running', 'manual', ?, ?, ?, 0, 1, ?, ?, 1)
"""
