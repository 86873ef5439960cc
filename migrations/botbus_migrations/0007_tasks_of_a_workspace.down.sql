DROP INDEX idx_tasks_workspace_type;
