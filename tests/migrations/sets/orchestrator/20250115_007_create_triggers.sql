-- UP
-- Timestamps keep themselves; a semicolon in a comment; ends no statement.
CREATE TRIGGER IF NOT EXISTS update_tasks_timestamp
AFTER UPDATE ON tasks FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE tasks SET updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = NEW.id;
END;

CREATE TRIGGER IF NOT EXISTS update_workflows_timestamp
AFTER UPDATE ON workflows FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE workflows SET updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = NEW.id;
END;

CREATE TRIGGER IF NOT EXISTS update_sessions_timestamp
AFTER UPDATE ON sessions FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE sessions SET updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = NEW.id;
END;

CREATE TRIGGER IF NOT EXISTS update_configurations_timestamp
AFTER UPDATE ON configurations FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE configurations SET updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now')
    WHERE key = NEW.key;
END;

-- DOWN
-- DROP TRIGGER IF EXISTS update_configurations_timestamp;
-- DROP TRIGGER IF EXISTS update_sessions_timestamp;
-- DROP TRIGGER IF EXISTS update_workflows_timestamp;
-- DROP TRIGGER IF EXISTS update_tasks_timestamp;
