-- Built-in ranges beside the tenant's own, and what a change of ranges changes of
-- activities.

ALTER TABLE ip_range ADD COLUMN built_in BIGINT NOT NULL DEFAULT 0;
-- The list that a built-in range came with; empty for a tenant's own.
ALTER TABLE ip_range ADD COLUMN source {text} NOT NULL DEFAULT '';
DROP INDEX ip_range_name;
CREATE UNIQUE INDEX ip_range_name ON ip_range (tenant_id, built_in, name_folded);

-- The address as 16 bytes, IPv4 mapped into IPv6, which sort as addresses do. Rows from
-- before are filled by the program.
ALTER TABLE activity ADD COLUMN ip_key {blob};
CREATE INDEX activity_ip_key ON activity (tenant_id, ip_key, timestamp, uuid);

-- How many times the ranges changed, and how far the last changes have come.
CREATE TABLE ip_range_state (
    tenant_id {blob} NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    began BIGINT,
    finished BIGINT,
    total BIGINT NOT NULL,
    done BIGINT NOT NULL
);

-- Addresses whose activities are to be looked at again, and how far that has come.
CREATE TABLE ip_range_pending (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    high {blob} NOT NULL,
    activities BIGINT,
    position_ip {blob} NOT NULL,
    position_timestamp BIGINT NOT NULL,
    position_uuid {blob} NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
