-- Exports: readers of a tenant's feeds that the server itself runs.

CREATE TABLE export (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    name {text} NOT NULL,
    target {text} NOT NULL,
    secret {blob},
    enabled BIGINT NOT NULL,
    created BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    last_sent BIGINT,
    failures BIGINT NOT NULL,
    last_error {text},
    next_try BIGINT,
    lease_holder {blob},
    lease_until BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- How far an export is in a feed. A batch that was begun ends where it ended at first, so
-- that it is the same at every try.
CREATE TABLE export_feed (
    tenant_id {blob} NOT NULL,
    export_id {blob} NOT NULL,
    feed BIGINT NOT NULL,
    place {text} NOT NULL,
    gaps BIGINT NOT NULL,
    batch_end {text},
    batch_made BIGINT,
    PRIMARY KEY (tenant_id, export_id, feed)
);
