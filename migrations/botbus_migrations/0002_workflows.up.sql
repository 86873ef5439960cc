-- Durable workflows: definitions, runs, steps, what they wait for, and what starts them by the clock.

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

-- A definition as it was when runs began with it. Runs point here, not at what is saved now.
CREATE TABLE workflow_snapshots (
    snapshot_id INTEGER NOT NULL PRIMARY KEY,
    workflow_id TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    version TEXT NOT NULL,
    definition TEXT NOT NULL CHECK (json_valid(definition)),
    saved_at TEXT NOT NULL
) STRICT;

CREATE INDEX idx_workflow_snapshots_workflow ON workflow_snapshots (workflow_id, version);

CREATE TABLE workflow_runs (
    seq INTEGER NOT NULL PRIMARY KEY,                          -- the order they were made in
    id TEXT NOT NULL,
    workflow_id TEXT NOT NULL REFERENCES workflows (id),
    workflow_name TEXT NOT NULL,
    workflow_version TEXT NOT NULL,
    snapshot_id INTEGER NOT NULL,                              -- no reference: it would have no index
    status TEXT NOT NULL CHECK (status IN
        ('pending', 'running', 'paused', 'completed', 'failed', 'crashed', 'cancelled')),
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

CREATE UNIQUE INDEX idx_workflow_runs_id ON workflow_runs (id);
CREATE UNIQUE INDEX idx_workflow_runs_key ON workflow_runs (workflow_id, run_key)
    WHERE run_key IS NOT NULL;
CREATE INDEX idx_workflow_runs_workflow_id ON workflow_runs (workflow_id);
CREATE INDEX idx_workflow_runs_status ON workflow_runs (status);
CREATE INDEX idx_workflow_runs_running ON workflow_runs (workflow_id) WHERE status = 'running';
CREATE INDEX idx_workflow_runs_ready
    ON workflow_runs (workflow_id, workflow_version, priority DESC, seq) WHERE ready = 1;
CREATE INDEX idx_workflow_runs_slots ON workflow_runs (concurrency_key, has_slot, priority DESC, seq)
    WHERE concurrency_key IS NOT NULL
    AND status IN ('pending', 'running', 'paused', 'crashed');
CREATE INDEX idx_workflow_runs_parent ON workflow_runs (parent_run_id)
    WHERE parent_run_id IS NOT NULL;
CREATE INDEX idx_workflow_runs_concurrency_key ON workflow_runs (concurrency_key)
    WHERE concurrency_key IS NOT NULL;
CREATE INDEX idx_workflow_runs_completed ON workflow_runs (workflow_id, completed_at)
    WHERE completed_at IS NOT NULL;

-- Changes of a run's context, key by key: a step writes what it changed, not the whole.
CREATE TABLE workflow_context (
    run_id TEXT NOT NULL REFERENCES workflow_runs (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT CHECK (value IS NULL OR json_valid(value)),     -- NULL: taken away
    PRIMARY KEY (run_id, key)
) STRICT, WITHOUT ROWID;

-- One row an attempt. Of one step at most one attempt that still counts is completed. Attempts are
-- numbered without gaps; a retry of the run begins to count anew.
CREATE TABLE workflow_steps (
    seq INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES workflow_runs (id) ON DELETE CASCADE,
    step_id TEXT NOT NULL CHECK (length(step_id) BETWEEN 1 AND 256),
    step_name TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT 'step',
    status TEXT NOT NULL CHECK (status IN
        ('pending', 'running', 'completed', 'failed', 'skipped', 'waiting_approval')),
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

CREATE UNIQUE INDEX idx_workflow_steps_id ON workflow_steps (id);
CREATE UNIQUE INDEX idx_workflow_steps_attempt
    ON workflow_steps (run_id, step_id, superseded, attempt);

-- What a run waits for beside its worker: a time, a message, a child, an approval.
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

CREATE INDEX idx_workflow_waits_due ON workflow_waits (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX idx_workflow_waits_child ON workflow_waits (child_run_id)
    WHERE child_run_id IS NOT NULL;

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
