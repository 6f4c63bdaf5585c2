-- Second factors of people, the steps of a sign-in between two pages, and what is
-- known of a session.

ALTER TABLE user_session ADD COLUMN methods {text} NOT NULL DEFAULT 'pwd';
ALTER TABLE user_session ADD COLUMN agent {text} NOT NULL DEFAULT '';
ALTER TABLE user_session ADD COLUMN source {text};

ALTER TABLE authorization_code ADD COLUMN methods {text} NOT NULL DEFAULT 'pwd';
ALTER TABLE refresh_token ADD COLUMN methods {text} NOT NULL DEFAULT 'pwd';

-- The secret of an authenticator app, sealed. A step of time counts once.
CREATE TABLE authenticator_app (
    tenant_id {blob} NOT NULL,
    user_id {blob} NOT NULL,
    secret {blob} NOT NULL,
    last_step BIGINT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);

CREATE TABLE passkey (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    user_id {blob} NOT NULL,
    name {text} NOT NULL,
    record {text} NOT NULL,
    created BIGINT NOT NULL,
    last_used BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX passkey_person ON passkey (tenant_id, user_id);

-- Reference: whose passkey it is that a browser answers with before anybody gave a
-- name.
CREATE TABLE passkey_home (
    user_id {blob} NOT NULL PRIMARY KEY,
    tenant_id {blob} NOT NULL
);

-- What a sign-in has reached, by the hash of the browser's cookie. Before a person is
-- known, the tenant is the one of all zeros.
CREATE TABLE sign_in_step (
    tenant_id {blob} NOT NULL,
    hash {blob} NOT NULL,
    user_id {blob},
    kind {text} NOT NULL,
    state {text} NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX sign_in_step_expires ON sign_in_step (tenant_id, expires);
