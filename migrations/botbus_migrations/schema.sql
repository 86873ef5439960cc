-- What the migrations of this folder make. Written by `botbus migrate schema`, not by hand.

CREATE TABLE bots (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
    created_at TEXT NOT NULL,
    first_seen_at TEXT,                        -- NULL: was sent messages and has never connected
    last_seen_at TEXT,
    metadata TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
    cursor INTEGER NOT NULL DEFAULT 0          -- direct messages up to here are in bot_deliveries
) STRICT;

CREATE TABLE bot_messages (
    seq INTEGER NOT NULL PRIMARY KEY,          -- commit order
    id TEXT NOT NULL,
    sender_bot_id TEXT NOT NULL,
    sender_bot_name TEXT NOT NULL,
    recipient_type TEXT NOT NULL CHECK (recipient_type IN ('direct', 'channel')),
    recipient_bot_id TEXT,
    recipient_channel TEXT,
    message_type TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    reply_to TEXT,
    thread_id TEXT,                            -- id of the message a chain of replies began with
    hops INTEGER NOT NULL DEFAULT 0,
    headers TEXT CHECK (headers IS NULL OR json_valid(headers)),
    timestamp TEXT NOT NULL,
    expires_at TEXT,
    deliver_at TEXT,
    sender_uid INTEGER,
    sender_pid INTEGER, session_id TEXT,
    CHECK ((recipient_type = 'direct') = (recipient_bot_id IS NOT NULL)),
    CHECK ((recipient_type = 'channel') = (recipient_channel IS NOT NULL))
) STRICT;

CREATE INDEX idx_bot_messages_channel ON bot_messages (recipient_channel)
    WHERE recipient_channel IS NOT NULL;

CREATE UNIQUE INDEX idx_bot_messages_id ON bot_messages (id);

CREATE INDEX idx_bot_messages_mailbox ON bot_messages (recipient_bot_id)
    WHERE recipient_bot_id IS NOT NULL;

CREATE INDEX idx_bot_messages_pair ON bot_messages (sender_bot_id, recipient_bot_id)
    WHERE recipient_bot_id IS NOT NULL;

CREATE INDEX idx_bot_messages_session ON bot_messages (session_id) WHERE session_id IS NOT NULL;

CREATE INDEX idx_bot_messages_thread ON bot_messages (thread_id) WHERE thread_id IS NOT NULL;

CREATE INDEX idx_bot_messages_timestamp ON bot_messages (timestamp);

CREATE TABLE bot_channels (
    name TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    created_at TEXT NOT NULL,
    created_by_bot_id TEXT NOT NULL
) STRICT;

CREATE TABLE bot_subscriptions (
    bot_id TEXT NOT NULL REFERENCES bots (id) ON DELETE CASCADE,
    channel_name TEXT NOT NULL REFERENCES bot_channels (name) ON DELETE CASCADE,
    subscribed_at TEXT NOT NULL,
    cursor INTEGER NOT NULL DEFAULT 0,         -- the channel's messages up to here are in bot_deliveries
    PRIMARY KEY (bot_id, channel_name)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_bot_subscriptions_channel ON bot_subscriptions (channel_name);

CREATE TABLE bot_recalls (
    seq INTEGER NOT NULL PRIMARY KEY,
    recalled_at TEXT NOT NULL
) STRICT;

CREATE TABLE daemon_starts (
    boot INTEGER NOT NULL PRIMARY KEY,
    started_at TEXT NOT NULL,
    version TEXT NOT NULL,
    pid INTEGER NOT NULL
) STRICT;

CREATE TABLE workflows (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    description TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'active'
        CHECK (status IN ('draft', 'active', 'paused', 'archived')),
    owner_type TEXT NOT NULL CHECK (owner_type IN ('bot', 'global')),
    owner_bot_id TEXT REFERENCES bots (id),
    definition TEXT NOT NULL CHECK (json_valid(definition)),   -- as it was saved, unknown fields and all
    version TEXT NOT NULL,
    concurrency INTEGER CHECK (concurrency >= 1),              -- runs that may be running at a time
    timeout_secs REAL CHECK (timeout_secs > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CHECK ((owner_type = 'bot') = (owner_bot_id IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX idx_workflows_name_owner
    ON workflows (name, owner_type, coalesce(owner_bot_id, ''));

CREATE TRIGGER workflows_updated_at AFTER UPDATE ON workflows
WHEN new.updated_at = old.updated_at
BEGIN
    UPDATE workflows SET updated_at = strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'
    WHERE id = new.id;
END;

CREATE TABLE workflow_snapshots (
    snapshot_id INTEGER NOT NULL PRIMARY KEY,
    workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    version TEXT NOT NULL,
    definition TEXT NOT NULL CHECK (json_valid(definition)),
    saved_at TEXT NOT NULL
) STRICT;

CREATE INDEX idx_workflow_snapshots_workflow ON workflow_snapshots (workflow_id, version);

CREATE TABLE workflow_context (
    run_id TEXT NOT NULL REFERENCES workflow_runs (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT CHECK (value IS NULL OR json_valid(value)),     -- NULL: taken away
    PRIMARY KEY (run_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE workflow_waits (
    run_id TEXT NOT NULL REFERENCES workflow_runs (id) ON DELETE CASCADE,
    step_id TEXT NOT NULL,                                     -- '' for the run as a whole
    kind TEXT NOT NULL CHECK (kind IN
        ('sleep', 'message', 'approval', 'child', 'delay', 'timeout', 'backoff')),
    due_at TEXT,                                               -- when it ends whatever happens
    bot_id TEXT,                                               -- message: whose mailbox
    channel TEXT,                                              -- message: or which channel
    message_type TEXT,
    sender TEXT,
    reply_to TEXT,
    body_match TEXT CHECK (body_match IS NULL OR json_valid(body_match)),
    after_seq INTEGER NOT NULL DEFAULT 0,
    child_run_id TEXT,
    created_at TEXT NOT NULL,
    PRIMARY KEY (run_id, step_id, kind)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_workflow_waits_child ON workflow_waits (child_run_id)
    WHERE child_run_id IS NOT NULL;

CREATE INDEX idx_workflow_waits_due ON workflow_waits (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE workflow_schedules (
    id TEXT NOT NULL PRIMARY KEY,
    workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    cron TEXT NOT NULL,
    timezone TEXT NOT NULL DEFAULT 'UTC',
    catch_up TEXT NOT NULL DEFAULT 'one' CHECK (catch_up IN ('none', 'one', 'all')),
    input TEXT CHECK (input IS NULL OR json_valid(input)),
    created_by_bot_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    last_at TEXT,                                              -- the last time it stood for
    next_at TEXT NOT NULL
) STRICT;

CREATE INDEX idx_workflow_schedules_next ON workflow_schedules (next_at);

CREATE INDEX idx_workflow_schedules_workflow ON workflow_schedules (workflow_id);

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

CREATE TRIGGER scratch_is_not_deleted BEFORE DELETE ON workstreams
WHEN old.is_scratch = 1
BEGIN
    SELECT RAISE(ABORT, 'the scratch workstream cannot be deleted');
END;

CREATE TRIGGER scratch_stays_scratch BEFORE UPDATE OF id, is_scratch ON workstreams
WHEN old.is_scratch <> new.is_scratch OR old.id <> new.id
BEGIN
    SELECT RAISE(ABORT, 'a workstream keeps its id, and scratch stays scratch');
END;

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

CREATE INDEX idx_sessions_open ON sessions (started_at, id) WHERE ended_at IS NULL;

CREATE INDEX idx_sessions_peer ON sessions (peer_bot_id, started_at, id)
    WHERE peer_bot_id IS NOT NULL;

CREATE INDEX idx_sessions_started ON sessions (started_at, id);

CREATE INDEX idx_sessions_workstream ON sessions (workstream_id, started_at, id);

CREATE INDEX idx_sessions_workstream_open ON sessions (workstream_id, started_at, id)
    WHERE ended_at IS NULL;

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

CREATE INDEX idx_tasks_run ON tasks (run_id, created_at, id) WHERE run_id IS NOT NULL;

CREATE INDEX idx_tasks_status ON tasks (status, created_at, id);

CREATE INDEX idx_tasks_status_type ON tasks (status, task_type, created_at, id);

CREATE INDEX idx_tasks_type ON tasks (task_type, created_at, id);

CREATE INDEX idx_tasks_workspace ON tasks (workspace_path, created_at, id)
    WHERE workspace_path IS NOT NULL;

CREATE INDEX idx_tasks_workspace_status ON tasks (workspace_path, status, created_at, id)
    WHERE workspace_path IS NOT NULL;

CREATE INDEX idx_tasks_workspace_type ON tasks (workspace_path, task_type, created_at, id)
    WHERE workspace_path IS NOT NULL;

CREATE TRIGGER tasks_updated_at AFTER UPDATE ON tasks
WHEN new.updated_at = old.updated_at
BEGIN
    UPDATE tasks SET updated_at = strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'
    WHERE id = new.id;
END;

CREATE TABLE workflow_tasks (
    workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL DEFAULT 0 CHECK (sequence >= 0),
    created_at TEXT NOT NULL,
    PRIMARY KEY (workflow_id, task_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_workflow_tasks_sequence ON workflow_tasks (workflow_id, sequence, task_id);

CREATE INDEX idx_workflow_tasks_task ON workflow_tasks (task_id, workflow_id);

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

CREATE INDEX idx_tool_executions_status ON tool_executions (status, created_at, id);

CREATE INDEX idx_tool_executions_task ON tool_executions (task_id, created_at, id);

CREATE INDEX idx_tool_executions_timeout ON tool_executions (timeout_at)
    WHERE timeout_at IS NOT NULL AND completed_at IS NULL;

CREATE INDEX idx_tool_executions_tool ON tool_executions (tool_name, created_at, id);

CREATE INDEX idx_tool_executions_tool_status
    ON tool_executions (tool_name, status, created_at, id);

CREATE TRIGGER tool_executions_are_an_audit_log BEFORE UPDATE ON tool_executions
WHEN old.completed_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a finished tool execution is never changed');
END;

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

CREATE INDEX idx_connections_active ON connections (is_active, created_at, id);

CREATE INDEX idx_connections_client ON connections (client_id, created_at, id);

CREATE INDEX idx_connections_created ON connections (created_at, id);

CREATE INDEX idx_connections_expires ON connections (expires_at)
    WHERE expires_at IS NOT NULL AND is_active = 1;

CREATE INDEX idx_connections_heartbeat ON connections (last_heartbeat);

CREATE INDEX idx_connections_type ON connections (connection_type, created_at, id);

CREATE INDEX idx_connections_type_active
    ON connections (connection_type, is_active, created_at, id);

CREATE INDEX idx_connections_user ON connections (user_id, created_at, id)
    WHERE user_id IS NOT NULL;

CREATE TRIGGER connections_updated_at AFTER UPDATE ON connections
WHEN new.updated_at = old.updated_at
BEGIN
    UPDATE connections SET updated_at = strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'
    WHERE id = new.id;
END;

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

CREATE INDEX idx_configurations_secret ON configurations (is_secret, key);

CREATE INDEX idx_configurations_type ON configurations (value_type, key);

CREATE INDEX idx_configurations_updated ON configurations (updated_at, key);

CREATE TRIGGER configurations_updated_at AFTER UPDATE ON configurations
WHEN new.updated_at = old.updated_at
BEGIN
    UPDATE configurations SET updated_at = strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'
    WHERE key = new.key;
END;

CREATE TABLE bot_losses (
    bot_id TEXT NOT NULL,
    channel_name TEXT NOT NULL,                -- '' for direct messages
    undelivered INTEGER NOT NULL DEFAULT 0 CHECK (undelivered >= 0),   -- nobody had settled them
    dead INTEGER NOT NULL DEFAULT 0 CHECK (dead >= 0),         -- dead letters that were too old
    last_seq INTEGER NOT NULL,                 -- the newest message among them
    last_at TEXT NOT NULL,
    PRIMARY KEY (bot_id, channel_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE "bot_deliveries" (
    seq INTEGER NOT NULL,
    bot_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state = 'acked' OR state = 'leased' OR state = 'waiting'
        OR state = 'dead' OR state = 'dropped' OR state = 'expired'),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    lease TEXT,
    holder_pid INTEGER,
    first_fetched_at TEXT,
    fetched_at TEXT,
    due_at TEXT,                               -- leased: the lease ends; waiting: offered again
    settled_at TEXT,
    reason TEXT,
    PRIMARY KEY (seq, bot_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_bot_deliveries_dead ON bot_deliveries (bot_id, seq) WHERE state = 'dead';

CREATE INDEX idx_bot_deliveries_open ON bot_deliveries (bot_id, seq)
    WHERE state IN ('leased', 'waiting');

CREATE TABLE "workflow_runs" (
    seq INTEGER NOT NULL PRIMARY KEY,                          -- the order they were made in
    id TEXT NOT NULL,
    workflow_id TEXT NOT NULL REFERENCES workflows (id),
    workflow_name TEXT NOT NULL,
    workflow_version TEXT NOT NULL,
    snapshot_id INTEGER NOT NULL,                              -- no reference: it would have no index
    status TEXT NOT NULL CHECK (status = 'running' OR status = 'completed' OR status = 'pending'
        OR status = 'failed' OR status = 'crashed' OR status = 'paused' OR status = 'cancelled'),
    trigger_type TEXT NOT NULL,
    trigger_payload TEXT CHECK (trigger_payload IS NULL OR json_valid(trigger_payload)),
    context TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(context)),   -- what it began with
    context_bytes INTEGER NOT NULL DEFAULT 2,                  -- with the changes since
    result TEXT CHECK (result IS NULL OR json_valid(result)),
    error TEXT,
    created_at TEXT NOT NULL,
    started_at TEXT,
    completed_at TEXT,
    started_by_bot_id TEXT NOT NULL,
    run_key TEXT,                                              -- the same key is the same run
    concurrency_key TEXT,
    concurrency_limit INTEGER NOT NULL DEFAULT 1 CHECK (concurrency_limit >= 1),
    has_slot INTEGER NOT NULL DEFAULT 1 CHECK (has_slot IN (0, 1)),   -- of its concurrency key
    priority INTEGER NOT NULL DEFAULT 0,
    ready INTEGER NOT NULL DEFAULT 1 CHECK (ready IN (0, 1)),  -- may be claimed now
    pausing INTEGER NOT NULL DEFAULT 0 CHECK (pausing IN (0, 1)),     -- at its next checkpoint
    held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1)),    -- paused by a person, not by a wait
    arrived INTEGER NOT NULL DEFAULT 0 CHECK (arrived >= 0),   -- waits that ended under this lease
    attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),   -- how often it was claimed
    crashes INTEGER NOT NULL DEFAULT 0 CHECK (crashes >= 0),   -- in a row, without a finished step
    lease TEXT,
    holder_bot_id TEXT,
    holder_pid INTEGER,
    timeout_at TEXT,
    parent_run_id TEXT,
    parent_step_id TEXT,
    start_seq INTEGER NOT NULL DEFAULT 0,                      -- newest message when it was made
    CHECK ((status = 'running') = (lease IS NOT NULL)),
    CHECK (ready = 0 OR status IN ('pending', 'crashed'))
) STRICT;

CREATE INDEX idx_workflow_runs_completed ON workflow_runs (workflow_id, completed_at)
    WHERE completed_at IS NOT NULL;

CREATE INDEX idx_workflow_runs_concurrency_key ON workflow_runs (concurrency_key)
    WHERE concurrency_key IS NOT NULL;

CREATE UNIQUE INDEX idx_workflow_runs_id ON workflow_runs (id);

CREATE UNIQUE INDEX idx_workflow_runs_key ON workflow_runs (workflow_id, run_key)
    WHERE run_key IS NOT NULL;

CREATE INDEX idx_workflow_runs_parent ON workflow_runs (parent_run_id)
    WHERE parent_run_id IS NOT NULL;

CREATE INDEX idx_workflow_runs_ready
    ON workflow_runs (workflow_id, workflow_version, priority DESC, seq) WHERE ready = 1;

CREATE INDEX idx_workflow_runs_running ON workflow_runs (workflow_id) WHERE status = 'running';

CREATE INDEX idx_workflow_runs_slots ON workflow_runs (concurrency_key, has_slot, priority DESC, seq)
    WHERE concurrency_key IS NOT NULL
    AND status IN ('pending', 'running', 'paused', 'crashed');

CREATE INDEX idx_workflow_runs_status ON workflow_runs (status);

CREATE INDEX idx_workflow_runs_workflow_id ON workflow_runs (workflow_id);

CREATE TABLE "workflow_steps" (
    seq INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES workflow_runs (id) ON DELETE CASCADE,
    step_id TEXT NOT NULL CHECK (length(step_id) BETWEEN 1 AND 256),
    step_name TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT 'step',
    status TEXT NOT NULL CHECK (status = 'completed' OR status = 'running' OR status = 'failed'
        OR status = 'pending' OR status = 'waiting_approval' OR status = 'skipped'),
    attempt INTEGER NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    final INTEGER NOT NULL DEFAULT 0 CHECK (final IN (0, 1)),  -- failed, and not to be tried again
    superseded INTEGER NOT NULL DEFAULT 0 CHECK (superseded >= 0),    -- by which retry; 0: it counts
    idempotency_key TEXT,
    input TEXT CHECK (input IS NULL OR json_valid(input)),
    input_hash TEXT,
    output TEXT CHECK (output IS NULL OR json_valid(output)),
    error TEXT,
    lease TEXT,                                                -- of the holder that wrote it
    started_at TEXT,
    completed_at TEXT
) STRICT;

CREATE UNIQUE INDEX idx_workflow_steps_attempt
    ON workflow_steps (run_id, step_id, superseded, attempt);

CREATE UNIQUE INDEX idx_workflow_steps_id ON workflow_steps (id);

CREATE INDEX idx_workflow_steps_open ON workflow_steps (run_id) WHERE completed_at IS NULL;
