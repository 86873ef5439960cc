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
    sender_pid INTEGER,
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

CREATE TABLE bot_deliveries (
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

CREATE INDEX idx_bot_deliveries_dead ON bot_deliveries (bot_id, seq) WHERE state = 'dead';

CREATE INDEX idx_bot_deliveries_open ON bot_deliveries (bot_id, seq)
    WHERE state IN ('leased', 'waiting');

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
