DROP TABLE workflow_schedules;
DROP TABLE workflow_waits;
DROP TABLE workflow_steps;
DROP TABLE workflow_context;
DROP TABLE workflow_runs;
DROP TABLE workflow_snapshots;
DROP TABLE workflows;
