-- Losses: what retention took before everybody had it is counted where it cannot be lost itself.

-- Deliveries that ended because retention deleted their message, by recipient and channel.
CREATE TABLE bot_losses (
    bot_id TEXT NOT NULL,
    channel_name TEXT NOT NULL,                -- '' for direct messages
    undelivered INTEGER NOT NULL DEFAULT 0 CHECK (undelivered >= 0),   -- nobody had settled them
    dead INTEGER NOT NULL DEFAULT 0 CHECK (dead >= 0),         -- dead letters that were too old
    last_seq INTEGER NOT NULL,                 -- the newest message among them
    last_at TEXT NOT NULL,
    PRIMARY KEY (bot_id, channel_name)
) STRICT, WITHOUT ROWID;
