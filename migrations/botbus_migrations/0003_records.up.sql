-- What bots share: workstreams with their sessions, tasks, tool executions, connections, configurations.

-- A line of work that goes on for longer than one conversation.
CREATE TABLE workstreams (
    id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 500),
    summary TEXT,
    is_scratch INTEGER NOT NULL DEFAULT 0 CHECK (is_scratch IN (0, 1)),   -- the one for everything else
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'archived')),
    default_model TEXT,                        -- for sessions that do not say which
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CHECK ((id = 'scratch') = (is_scratch = 1))
) STRICT;

CREATE INDEX idx_workstreams_created ON workstreams (created_at, id);
CREATE INDEX idx_workstreams_state ON workstreams (state, created_at, id);

CREATE TRIGGER workstreams_updated_at AFTER UPDATE ON workstreams
WHEN new.updated_at = old.updated_at
BEGIN
    UPDATE workstreams SET updated_at = strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'
    WHERE id = new.id;
END;

CREATE TABLE workstream_tags (
    workstream_id TEXT NOT NULL REFERENCES workstreams (id) ON DELETE CASCADE,
    tag TEXT NOT NULL CHECK (length(tag) BETWEEN 1 AND 64),
    PRIMARY KEY (workstream_id, tag)
) STRICT, WITHOUT ROWID;

-- One conversation of a workstream. The messages that name it are its content.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    workstream_id TEXT NOT NULL REFERENCES workstreams (id) ON DELETE CASCADE,
    started_at TEXT NOT NULL,
    ended_at TEXT,                             -- NULL: it goes on
    turn_count INTEGER NOT NULL DEFAULT 0 CHECK (turn_count >= 0),
    summary TEXT,
    compressed INTEGER NOT NULL DEFAULT 0 CHECK (compressed IN (0, 1)),   -- the summary stands for it
    session_type TEXT NOT NULL DEFAULT 'user' CHECK (session_type IN ('user', 'bot')),
    peer_bot_id TEXT REFERENCES bots (id),     -- bot: the other one
    CHECK ((session_type = 'bot') = (peer_bot_id IS NOT NULL))
) STRICT;

CREATE INDEX idx_sessions_started ON sessions (started_at, id);
CREATE INDEX idx_sessions_workstream ON sessions (workstream_id, started_at, id);
CREATE INDEX idx_sessions_peer ON sessions (peer_bot_id, started_at, id)
    WHERE peer_bot_id IS NOT NULL;
CREATE INDEX idx_sessions_open ON sessions (started_at, id) WHERE ended_at IS NULL;
CREATE INDEX idx_sessions_workstream_open ON sessions (workstream_id, started_at, id)
    WHERE ended_at IS NULL;

-- No reference: the audit trail outlives what it tells of.
ALTER TABLE bot_messages ADD COLUMN session_id TEXT;

CREATE INDEX idx_bot_messages_session ON bot_messages (session_id) WHERE session_id IS NOT NULL;

-- Something to be done, by whoever does it.
CREATE TABLE tasks (
    id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 500),
    description TEXT,
    task_type TEXT NOT NULL CHECK (length(task_type) BETWEEN 1 AND 64),
    status TEXT NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    config TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(config)),
    metadata TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
    workspace_path TEXT,
    run_id TEXT REFERENCES workflow_runs (id) ON DELETE SET NULL,         -- the run that does it
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    started_at TEXT,
    completed_at TEXT,                         -- when it ended, whichever way
    error TEXT,
    CHECK ((status IN ('completed', 'failed', 'cancelled')) = (completed_at IS NOT NULL)),
    CHECK (error IS NULL OR status IN ('failed', 'cancelled'))
) STRICT;

CREATE INDEX idx_tasks_created ON tasks (created_at, id);
CREATE INDEX idx_tasks_status ON tasks (status, created_at, id);
CREATE INDEX idx_tasks_type ON tasks (task_type, created_at, id);
CREATE INDEX idx_tasks_status_type ON tasks (status, task_type, created_at, id);
CREATE INDEX idx_tasks_workspace ON tasks (workspace_path, created_at, id)
    WHERE workspace_path IS NOT NULL;
CREATE INDEX idx_tasks_workspace_status ON tasks (workspace_path, status, created_at, id)
    WHERE workspace_path IS NOT NULL;
CREATE INDEX idx_tasks_run ON tasks (run_id, created_at, id) WHERE run_id IS NOT NULL;

CREATE TRIGGER tasks_updated_at AFTER UPDATE ON tasks
WHEN new.updated_at = old.updated_at
BEGIN
    UPDATE tasks SET updated_at = strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'
    WHERE id = new.id;
END;

-- Which tasks belong to a workflow, in which order.
CREATE TABLE workflow_tasks (
    workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL DEFAULT 0 CHECK (sequence >= 0),
    created_at TEXT NOT NULL,
    PRIMARY KEY (workflow_id, task_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_workflow_tasks_sequence ON workflow_tasks (workflow_id, sequence, task_id);
CREATE INDEX idx_workflow_tasks_task ON workflow_tasks (task_id, workflow_id);

-- What tools were called with, and what came of it: an audit log.
CREATE TABLE tool_executions (
    id TEXT NOT NULL PRIMARY KEY,
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    tool_name TEXT NOT NULL CHECK (length(tool_name) BETWEEN 1 AND 256),
    arguments TEXT NOT NULL CHECK (json_valid(arguments)),
    output TEXT CHECK (output IS NULL OR json_valid(output)),
    status TEXT NOT NULL CHECK (status IN
        ('pending', 'running', 'completed', 'failed', 'timeout')),
    error TEXT,
    created_at TEXT NOT NULL,
    started_at TEXT,
    timeout_at TEXT,                           -- when the daemon gives up waiting for its end
    completed_at TEXT,
    duration_ms INTEGER CHECK (duration_ms >= 0),
    CHECK ((status IN ('completed', 'failed', 'timeout')) = (completed_at IS NOT NULL)),
    CHECK ((completed_at IS NULL) = (duration_ms IS NULL))
) STRICT;

CREATE INDEX idx_tool_executions_created ON tool_executions (created_at, id);
CREATE INDEX idx_tool_executions_task ON tool_executions (task_id, created_at, id);
CREATE INDEX idx_tool_executions_tool ON tool_executions (tool_name, created_at, id);
CREATE INDEX idx_tool_executions_status ON tool_executions (status, created_at, id);
CREATE INDEX idx_tool_executions_tool_status
    ON tool_executions (tool_name, status, created_at, id);
CREATE INDEX idx_tool_executions_timeout ON tool_executions (timeout_at)
    WHERE timeout_at IS NOT NULL AND completed_at IS NULL;

CREATE TRIGGER tool_executions_are_an_audit_log BEFORE UPDATE ON tool_executions
WHEN old.completed_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a finished tool execution is never changed');
END;

-- Who is and was connected: the daemon's own clients (ipc), and those that others register.
CREATE TABLE connections (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL CHECK (length(client_id) BETWEEN 1 AND 256),
    user_id TEXT,
    connection_type TEXT NOT NULL CHECK (connection_type IN ('ipc', 'websocket', 'http', 'grpc')),
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    metadata TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    last_heartbeat TEXT NOT NULL,
    heartbeat_secs REAL CHECK (heartbeat_secs > 0),            -- NULL: its pipe tells
    expires_at TEXT,                           -- inactive then, unless another heartbeat comes
    CHECK ((heartbeat_secs IS NULL) = (expires_at IS NULL))
) STRICT;

CREATE INDEX idx_connections_created ON connections (created_at, id);
CREATE INDEX idx_connections_client ON connections (client_id, created_at, id);
CREATE INDEX idx_connections_user ON connections (user_id, created_at, id)
    WHERE user_id IS NOT NULL;
CREATE INDEX idx_connections_active ON connections (is_active, created_at, id);
CREATE INDEX idx_connections_type ON connections (connection_type, created_at, id);
CREATE INDEX idx_connections_type_active
    ON connections (connection_type, is_active, created_at, id);
CREATE INDEX idx_connections_heartbeat ON connections (last_heartbeat);
CREATE INDEX idx_connections_expires ON connections (expires_at)
    WHERE expires_at IS NOT NULL AND is_active = 1;

CREATE TRIGGER connections_updated_at AFTER UPDATE ON connections
WHEN new.updated_at = old.updated_at
BEGIN
    UPDATE connections SET updated_at = strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'
    WHERE id = new.id;
END;

-- Settings that bots share, each with its type.
CREATE TABLE configurations (
    key TEXT NOT NULL PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 256),
    value TEXT NOT NULL CHECK (json_valid(value)),             -- JSON of the type beside it
    value_type TEXT NOT NULL CHECK (value_type IN
        ('string', 'integer', 'float', 'boolean', 'json')),
    description TEXT,
    is_secret INTEGER NOT NULL DEFAULT 0 CHECK (is_secret IN (0, 1)),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE INDEX idx_configurations_type ON configurations (value_type, key);
CREATE INDEX idx_configurations_secret ON configurations (is_secret, key);
CREATE INDEX idx_configurations_updated ON configurations (updated_at, key);

CREATE TRIGGER configurations_updated_at AFTER UPDATE ON configurations
WHEN new.updated_at = old.updated_at
BEGIN
    UPDATE configurations SET updated_at = strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'
    WHERE key = new.key;
END;
