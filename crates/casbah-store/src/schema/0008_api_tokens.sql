-- Legacy API tokens. A token outlives its issuer: it is listed, and refused.

CREATE TABLE api_token (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    name {text} NOT NULL,
    digest {blob} NOT NULL,
    issuer_id {blob} NOT NULL,
    issuer_name {text} NOT NULL,
    created BIGINT NOT NULL,
    last_used BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX api_token_digest ON api_token (tenant_id, digest);
