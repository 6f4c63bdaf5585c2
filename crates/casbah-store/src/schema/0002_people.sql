-- Sign-ins of a person before this moment have ended, and access tokens before this
-- second.
ALTER TABLE directory_user ADD COLUMN sign_ins_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE directory_user ADD COLUMN tokens_from BIGINT NOT NULL DEFAULT 0;

-- Links with which people without a password choose their first, at most one a person.
-- Kept by their hash alone.
CREATE TABLE user_invitation (
    tenant_id {blob} NOT NULL,
    user_id {blob} NOT NULL,
    hash {blob} NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
CREATE UNIQUE INDEX user_invitation_hash ON user_invitation (tenant_id, hash);

-- What a person leaves is deleted with the person.
CREATE INDEX authorization_code_user ON authorization_code (tenant_id, user_id);
CREATE INDEX refresh_token_user ON refresh_token (tenant_id, user_id);
CREATE INDEX user_session_user ON user_session (tenant_id, user_id);
CREATE INDEX permission_grant_principal ON permission_grant (tenant_id, principal_id);
