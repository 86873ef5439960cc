"""Operations about workflows, filled in as far as a test does not care, and what comes of them."""

import json
from collections.abc import Awaitable
from typing import Any

import msgspec
import pytest

from botbus_protocol.errors import Refused
from botbus_protocol.grammar import new_id
from botbus_protocol.states import RunStatus, StepStatus
from botbus_storage.operations import SeeBot, SeenBot
from botbus_storage.store import Store
from botbus_storage.workflow_operations import (
    CreateRun,
    CreateStepLog,
    SaveDefinition,
    UpdateRunStatus,
    UpdateStepStatus,
)

NOBODY = new_id()
"""The id of a bot that the store has never seen; runs may name one."""


def definition(name: str = "report", **fields: Any) -> SaveDefinition:
    """A global definition; `content` adds fields to its JSON text."""
    content = {"name": name, "steps": [], **fields.pop("content", {})}
    given: dict[str, Any] = {
        "id": None,
        "name": name,
        "version": "1.0.0",
        "description": "",
        "status": "active",
        "owner_type": "bot" if fields.get("owner_bot_id") else "global",
        "owner_bot_id": None,
        "concurrency": None,
        "timeout_secs": None,
    }
    columns = {**given, **fields}
    kept = ("version", "description", "status", "concurrency", "timeout_secs")
    content |= {field: columns[field] for field in kept if field in fields}
    return SaveDefinition(**{"definition": json.dumps(content), **columns})


def run(workflow: str = "report", **fields: Any) -> CreateRun:
    return CreateRun(**{"id": new_id(), "workflow": workflow, "bot_id": NOBODY, **fields})


def move(run_id: str, status: RunStatus, **fields: Any) -> UpdateRunStatus:
    given = {"bot_id": NOBODY, "context_limit": 1000}
    return UpdateRunStatus(id=run_id, status=status, **{**given, **fields})


def step_log(run_id: str, step: str, **fields: Any) -> CreateStepLog:
    given = {"id": new_id(), "name": step, "status": "running", "attempt": 1, "lease": "1.1"}
    return CreateStepLog(run=run_id, step=step, **{**given, **fields})


def step_move(attempt_id: str, status: StepStatus, **fields: Any) -> UpdateStepStatus:
    return UpdateStepStatus(id=attempt_id, status=status, **{"lease": "1.1", **fields})


async def bot(store: Store, name: str) -> str:
    """The id of a bot that is there."""
    (seen,) = await store.submit([SeeBot(name=name)])
    assert isinstance(seen, SeenBot)
    return seen.id


async def new_run(store: Store, workflow: str = "report", **fields: Any) -> str:
    """The id of a run of a workflow that is there."""
    return (await store.workflows.create_run(run(workflow, **fields))).run.id


async def claimed_run(
    store: Store, workflow: str = "report", lease: str = "1.1", **fields: Any
) -> str:
    """The id of a run that is running."""
    made = await store.workflows.create_run(run(workflow, lease=lease, **fields))
    assert made.claimed
    return made.run.id


async def ended_run(store: Store, workflow: str = "report", **fields: Any) -> str:
    """The id of a run that is completed."""
    run_id = await claimed_run(store, workflow, **fields)
    await store.workflows.update_run_status(move(run_id, "completed", lease="1.1"))
    return run_id


async def refused(doing: Awaitable[Any]) -> str:
    """The code with which something is refused."""
    with pytest.raises(Refused) as caught:
        await doing
    return caught.value.fault.code


def plain(value: Any) -> Any:
    """What a field holds that is encoded for the wire."""
    return msgspec.msgpack.decode(value)
