-- Which policies somebody switched off or on again; all others are on.

CREATE TABLE policy_state (
    tenant_id {blob} NOT NULL,
    policy_id {blob} NOT NULL,
    enabled BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, policy_id)
);
