-- How often a family had moved on when a token was given. What was not used yet is the
-- newest of its family.
ALTER TABLE refresh_token ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
UPDATE refresh_token SET generation = 1 WHERE used IS NULL;
ALTER TABLE refresh_token DROP COLUMN successor;
DROP INDEX refresh_token_family;
CREATE INDEX refresh_token_family ON refresh_token (tenant_id, family, generation, used);
