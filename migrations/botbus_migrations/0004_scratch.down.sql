-- Cascades are off while migrations run.
DELETE FROM sessions WHERE workstream_id = 'scratch';
DELETE FROM workstream_tags WHERE workstream_id = 'scratch';
DELETE FROM workstreams WHERE id = 'scratch';
