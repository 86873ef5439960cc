-- The scratch workstream stays, whoever holds the pen: no cascade and no careless statement takes it.

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
