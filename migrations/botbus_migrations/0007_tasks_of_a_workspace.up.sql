-- A page of the tasks of one type in one workspace, without reading the others of that workspace.

CREATE INDEX idx_tasks_workspace_type ON tasks (workspace_path, task_type, created_at, id)
    WHERE workspace_path IS NOT NULL;
