-- Sign-in through companies' own providers.

CREATE TABLE identity_provider (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    name_folded {text} NOT NULL,
    issuer {text} NOT NULL,
    client_id {text} NOT NULL,
    enabled BIGINT NOT NULL,
    secret {blob} NOT NULL,
    record {text} NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX identity_provider_name ON identity_provider (tenant_id, name_folded);
CREATE UNIQUE INDEX identity_provider_client
    ON identity_provider (tenant_id, issuer, client_id);

-- The domains whose people must sign in at a provider: each at one.
CREATE TABLE identity_provider_domain (
    tenant_id {blob} NOT NULL,
    domain {text} NOT NULL,
    provider_id {blob} NOT NULL,
    PRIMARY KEY (tenant_id, domain)
);

-- Whom a provider's subject means: a subject is one person, a person one subject.
CREATE TABLE identity_provider_link (
    tenant_id {blob} NOT NULL,
    provider_id {blob} NOT NULL,
    subject {text} NOT NULL,
    user_id {blob} NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, provider_id, subject)
);
CREATE UNIQUE INDEX identity_provider_link_user
    ON identity_provider_link (tenant_id, user_id, provider_id);

-- Sign-ins that have gone to a provider and not come back.
CREATE TABLE identity_provider_sign_in (
    tenant_id {blob} NOT NULL,
    state {blob} NOT NULL,
    provider_id {blob} NOT NULL,
    browser {blob} NOT NULL,
    nonce {blob} NOT NULL,
    verifier {blob} NOT NULL,
    entry {text} NOT NULL,
    segment {text} NOT NULL,
    query {text} NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, state)
);
CREATE INDEX identity_provider_sign_in_expires
    ON identity_provider_sign_in (tenant_id, expires);
