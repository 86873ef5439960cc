DROP TRIGGER scratch_stays_scratch;
DROP TRIGGER scratch_is_not_deleted;
