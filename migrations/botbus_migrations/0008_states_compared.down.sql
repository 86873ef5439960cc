-- The states as a list again.

CREATE TABLE workflow_steps_rebuilt (
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
INSERT INTO workflow_steps_rebuilt (
    seq, id, run_id, step_id, step_name, kind, status, attempt, final, superseded,
    idempotency_key, input, input_hash, output, error, lease, started_at, completed_at)
SELECT
    seq, id, run_id, step_id, step_name, kind, status, attempt, final, superseded,
    idempotency_key, input, input_hash, output, error, lease, started_at, completed_at
FROM workflow_steps;
DROP TABLE workflow_steps;
ALTER TABLE workflow_steps_rebuilt RENAME TO workflow_steps;

CREATE UNIQUE INDEX idx_workflow_steps_id ON workflow_steps (id);
CREATE UNIQUE INDEX idx_workflow_steps_attempt
    ON workflow_steps (run_id, step_id, superseded, attempt);

CREATE TABLE workflow_runs_rebuilt (
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
INSERT INTO workflow_runs_rebuilt (
    seq, id, workflow_id, workflow_name, workflow_version, snapshot_id, status, trigger_type,
    trigger_payload, context, context_bytes, result, error, created_at, started_at, completed_at,
    started_by_bot_id, run_key, concurrency_key, concurrency_limit, has_slot, priority, ready,
    pausing, held, arrived, attempt, crashes, lease, holder_bot_id, holder_pid, timeout_at,
    parent_run_id, parent_step_id, start_seq)
SELECT
    seq, id, workflow_id, workflow_name, workflow_version, snapshot_id, status, trigger_type,
    trigger_payload, context, context_bytes, result, error, created_at, started_at, completed_at,
    started_by_bot_id, run_key, concurrency_key, concurrency_limit, has_slot, priority, ready,
    pausing, held, arrived, attempt, crashes, lease, holder_bot_id, holder_pid, timeout_at,
    parent_run_id, parent_step_id, start_seq
FROM workflow_runs;
DROP TABLE workflow_runs;
ALTER TABLE workflow_runs_rebuilt RENAME TO workflow_runs;

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

CREATE TABLE bot_deliveries_rebuilt (
    seq INTEGER NOT NULL,
    bot_id TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('leased', 'waiting', 'acked', 'dead', 'dropped', 'expired')),
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
INSERT INTO bot_deliveries_rebuilt (
    seq, bot_id, state, attempts, lease, holder_pid, first_fetched_at, fetched_at, due_at,
    settled_at, reason)
SELECT
    seq, bot_id, state, attempts, lease, holder_pid, first_fetched_at, fetched_at, due_at,
    settled_at, reason
FROM bot_deliveries;
DROP TABLE bot_deliveries;
ALTER TABLE bot_deliveries_rebuilt RENAME TO bot_deliveries;

CREATE INDEX idx_bot_deliveries_open ON bot_deliveries (bot_id, seq)
    WHERE state IN ('leased', 'waiting');
CREATE INDEX idx_bot_deliveries_dead ON bot_deliveries (bot_id, seq) WHERE state = 'dead';
