-- What became of activities and alerts, in the order in which readers learn of it.
--
-- A change is written with what it is about and has no number; the first reader gives
-- numbers to all that are there by then. So writers need not wait for one another, and
-- a number that a reader has passed never gets a change before it.

CREATE TABLE change (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    created BIGINT NOT NULL,
    feed BIGINT NOT NULL,
    objects {blob} NOT NULL,
    sequence BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX change_sequence ON change (tenant_id, feed, sequence);
CREATE INDEX change_waiting ON change (tenant_id, feed, created) WHERE sequence IS NULL;

-- The number that was given last, and the last that is kept no more.
CREATE TABLE change_feed (
    tenant_id {blob} NOT NULL,
    feed BIGINT NOT NULL,
    given BIGINT NOT NULL,
    pruned BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, feed)
);
