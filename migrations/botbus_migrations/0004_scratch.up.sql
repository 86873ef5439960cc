-- The workstream for whatever belongs to no other. It is always there.
INSERT INTO workstreams (id, title, is_scratch, created_at, updated_at)
VALUES ('scratch', 'Scratch', 1,
        strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z',
        strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
ON CONFLICT (id) DO NOTHING;
