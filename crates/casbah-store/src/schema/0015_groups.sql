-- Who is in which group, and who was when an activity was stored.

ALTER TABLE entity ADD COLUMN is_program BIGINT NOT NULL DEFAULT 0;
CREATE INDEX entity_external ON entity (tenant_id) WHERE is_external = 1;
CREATE INDEX entity_program ON entity (tenant_id) WHERE is_program = 1;
CREATE INDEX entity_admin ON entity (tenant_id) WHERE is_admin = 1;

ALTER TABLE activity ADD COLUMN user_tags {text} NOT NULL DEFAULT '';
