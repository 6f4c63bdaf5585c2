-- Sign-ins on other devices, for a quarter of an hour each. Whose tenant one is of, only
-- the person who answers says, so the table is a reference table. Codes are kept by their
-- hash alone.
CREATE TABLE device_code (
    hash {blob} NOT NULL PRIMARY KEY,
    user_code {blob} NOT NULL,
    asked_tenant {blob},
    client {blob} NOT NULL,
    scope {text} NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    state {text} NOT NULL,
    tenant_id {blob},
    user_id {blob},
    scopes {text},
    resource_requested {text},
    resource_app_id {blob},
    auth_time BIGINT,
    methods {text}
);
CREATE UNIQUE INDEX device_code_user_code ON device_code (user_code);
CREATE INDEX device_code_expires ON device_code (expires);
