-- Codes in place of a second factor that was lost: each good once, hashed under a pepper.

CREATE TABLE recovery_code (
    tenant_id {blob} NOT NULL,
    user_id {blob} NOT NULL,
    hash {blob} NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, hash)
);
