"""From the rows of shared records to the records, for readers and the writer alike."""

from typing import Any

import msgspec

from botbus_protocol import bodies
from botbus_protocol.records import (
    Configuration,
    Connection,
    Session,
    Task,
    ToolExecution,
    WorkflowTask,
    Workstream,
)

WORKSTREAM = """
    SELECT id, title, summary, is_scratch, state, default_model, created_at, updated_at,
           (SELECT json_group_array(tag) FROM
            (SELECT tag FROM workstream_tags t WHERE t.workstream_id = w.id ORDER BY tag))
    FROM workstreams w
"""
SESSION = """
    SELECT id, workstream_id, started_at, ended_at, turn_count, summary, compressed, session_type,
           (SELECT name FROM bots b WHERE b.id = s.peer_bot_id)
    FROM sessions s
"""
TASK_COLUMNS = """
    {0}id, {0}title, {0}description, {0}task_type, {0}status, {0}config, {0}metadata,
    {0}workspace_path, {0}run_id, {0}created_at, {0}updated_at, {0}started_at, {0}completed_at,
    {0}error
"""
TASK = f"SELECT {TASK_COLUMNS.format('')} FROM tasks"
WORKFLOW_TASK = f"""
    SELECT {TASK_COLUMNS.format("t.")}, p.workflow_id, p.task_id, p.sequence, p.created_at
    FROM workflow_tasks p JOIN tasks t ON t.id = p.task_id
"""
TOOL_EXECUTION = """
    SELECT id, task_id, tool_name, arguments, output, status, error, created_at, started_at,
           timeout_at, completed_at, duration_ms
    FROM tool_executions
"""
CONNECTION = """
    SELECT id, client_id, user_id, connection_type, is_active, metadata, created_at, updated_at,
           last_heartbeat, heartbeat_secs, expires_at
    FROM connections
"""
CONFIGURATION = """
    SELECT key, value, value_type, description, is_secret, created_at, updated_at
    FROM configurations
"""

_tags = msgspec.json.Decoder(list[str]).decode


def workstream_of(row: tuple[Any, ...]) -> Workstream:
    return Workstream(
        id=row[0],
        title=row[1],
        summary=row[2],
        is_scratch=bool(row[3]),
        state=row[4],
        default_model=row[5],
        created_at=row[6],
        updated_at=row[7],
        tags=_tags(row[8]),
    )


def session_of(row: tuple[Any, ...]) -> Session:
    return Session(
        id=row[0],
        workstream_id=row[1],
        started_at=row[2],
        ended_at=row[3],
        turn_count=row[4],
        summary=row[5],
        compressed=bool(row[6]),
        session_type=row[7],
        peer_bot=row[8],
    )


def task_of(row: tuple[Any, ...]) -> Task:
    return Task(
        id=row[0],
        title=row[1],
        description=row[2],
        task_type=row[3],
        status=row[4],
        config=_value(row[5]),
        metadata=_value(row[6]),
        workspace_path=row[7],
        run_id=row[8],
        created_at=row[9],
        updated_at=row[10],
        started_at=row[11],
        completed_at=row[12],
        error=row[13],
    )


def workflow_task_of(row: tuple[Any, ...]) -> WorkflowTask:
    return WorkflowTask(
        task=task_of(row),
        workflow_id=row[-4],
        task_id=row[-3],
        sequence=row[-2],
        created_at=row[-1],
    )


def tool_execution_of(row: tuple[Any, ...]) -> ToolExecution:
    return ToolExecution(
        id=row[0],
        task_id=row[1],
        tool_name=row[2],
        arguments=_value(row[3]),
        output=_value(row[4]),
        status=row[5],
        error=row[6],
        created_at=row[7],
        started_at=row[8],
        timeout_at=row[9],
        completed_at=row[10],
        duration_ms=row[11],
    )


def connection_of(row: tuple[Any, ...]) -> Connection:
    return Connection(
        id=row[0],
        client_id=row[1],
        user_id=row[2],
        connection_type=row[3],
        is_active=bool(row[4]),
        metadata=_value(row[5]),
        created_at=row[6],
        updated_at=row[7],
        last_heartbeat=row[8],
        heartbeat_secs=row[9],
        expires_at=row[10],
    )


def configuration_of(row: tuple[Any, ...]) -> Configuration:
    """With its value, secret or not: for whoever asked for this key."""
    return Configuration(
        key=row[0],
        value=bodies.from_json(row[1]),
        value_type=row[2],
        description=row[3],
        is_secret=bool(row[4]),
        created_at=row[5],
        updated_at=row[6],
    )


def without_secret(configuration: Configuration) -> Configuration:
    """The configuration as everybody may see it."""
    if not configuration.is_secret:
        return configuration
    return msgspec.structs.replace(configuration, value=None)


def _value(text: str | None) -> Any:
    """The value of stored JSON text, encoded for the wire; None where there is none."""
    return None if text is None else bodies.from_json(text)
