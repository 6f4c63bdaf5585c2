-- What SQLite's planner is told of how many rows belong together: the rows of an index,
-- then those that share its first column, its first two, and so on. Without it, it takes
-- the rows of a tenant for ten, and walks through all of them in the order of the list to
-- spare itself the sorting of a few. These numbers stand still: the same filter always
-- goes the same way. ANALYZE of a small table makes the table they are kept in.
ANALYZE schema_version;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('activity', 'sqlite_autoindex_activity_1', '1000000 100000 1 1'),
    ('activity', 'activity_created', '1000000 100000 10 2'),
    ('activity', 'activity_user', '1000000 100000 200 1'),
    ('activity', 'activity_ip', '1000000 100000 200 1'),
    ('activity', 'activity_ip_key', '1000000 100000 200 1 1'),
    ('alert', 'sqlite_autoindex_alert_1', '100000 10000 1'),
    ('alert', 'alert_timestamp', '100000 10000 1 1'),
    ('alert', 'alert_story', '100000 10000 2 1'),
    ('alert_entity', 'sqlite_autoindex_alert_entity_1', '500000 50000 10000 20 1 1 1'),
    ('alert_entity', 'alert_entity_alert', '500000 50000 5');
ANALYZE sqlite_schema;
