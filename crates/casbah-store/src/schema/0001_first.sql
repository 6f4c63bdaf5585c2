-- Looked up without a tenant: reference tables.

CREATE TABLE tenant (
    id {blob} NOT NULL PRIMARY KEY,
    display_name {text} NOT NULL,
    default_domain {text} NOT NULL,
    is_home BIGINT NOT NULL,
    members_register BIGINT NOT NULL,
    auth_epoch BIGINT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE tenant_domain (
    domain {text} NOT NULL PRIMARY KEY,
    tenant_id {blob} NOT NULL
);

-- Which tenant is home to an application: others consent to it by this.
CREATE TABLE application_home (
    app_id {blob} NOT NULL PRIMARY KEY,
    tenant_id {blob} NOT NULL
);

CREATE TABLE signing_key (
    kid {text} NOT NULL PRIMARY KEY,
    certificate {blob} NOT NULL,
    private_key {blob} NOT NULL,
    created BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    signs_until BIGINT NOT NULL,
    published_until BIGINT NOT NULL
);

-- Keys that the master key wraps.
CREATE TABLE data_key (
    version BIGINT NOT NULL PRIMARY KEY,
    wrapped {blob} NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE pepper (
    version BIGINT NOT NULL PRIMARY KEY,
    sealed {blob} NOT NULL,
    created BIGINT NOT NULL
);

-- The key that signs the audit.
CREATE TABLE audit_key (
    version BIGINT NOT NULL PRIMARY KEY,
    sealed {blob} NOT NULL,
    created BIGINT NOT NULL
);

-- The directory.

CREATE TABLE directory_user (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    upn {text} NOT NULL,
    upn_folded {text} NOT NULL,
    display_name {text} NOT NULL,
    roles {text} NOT NULL,
    enabled BIGINT NOT NULL,
    password {text},
    must_change_password BIGINT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX directory_user_name ON directory_user (tenant_id, upn_folded);

CREATE TABLE application (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    app_id {blob} NOT NULL,
    name_folded {text} NOT NULL,
    created BIGINT NOT NULL,
    deleted BIGINT,
    record {text} NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX application_app_id ON application (tenant_id, app_id);

-- Names under which applications are asked for as resources, in their home tenant,
-- without slashes at the end. Deleted applications have none.
CREATE TABLE identifier_uri (
    tenant_id {blob} NOT NULL,
    uri {text} NOT NULL,
    app_id {blob} NOT NULL,
    PRIMARY KEY (tenant_id, uri)
);
CREATE INDEX identifier_uri_app_id ON identifier_uri (tenant_id, app_id);

-- `application_id` is the object that holds the secret: an application, or a service
-- principal with secrets of its own.
CREATE TABLE client_secret (
    tenant_id {blob} NOT NULL,
    application_id {blob} NOT NULL,
    key_id {blob} NOT NULL,
    display_name {text},
    hint {text} NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    hash {blob} NOT NULL,
    pepper_version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, application_id, key_id)
);

-- Assertions that were used, of applications that take each once only.
CREATE TABLE client_assertion (
    tenant_id {blob} NOT NULL,
    hash {blob} NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hash)
) {without_rowid};
CREATE INDEX client_assertion_expires ON client_assertion (tenant_id, expires);

CREATE TABLE service_principal (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    app_id {blob} NOT NULL,
    name_folded {text} NOT NULL,
    record {text} NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX service_principal_app_id ON service_principal (tenant_id, app_id);

-- Who may manage an application or a service principal without a role: people and
-- service principals.
CREATE TABLE directory_owner (
    tenant_id {blob} NOT NULL,
    object_id {blob} NOT NULL,
    owner_id {blob} NOT NULL,
    PRIMARY KEY (tenant_id, object_id, owner_id)
);
CREATE INDEX directory_owner_owner ON directory_owner (tenant_id, owner_id);

CREATE TABLE app_role_assignment (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    principal_id {blob} NOT NULL,
    resource_id {blob} NOT NULL,
    app_role_id {blob} NOT NULL,
    record {text} NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX app_role_assignment_triple
    ON app_role_assignment (tenant_id, principal_id, resource_id, app_role_id);

-- `principal_id` is the person, and the nil id where everyone is meant: a null would
-- be unlike every other null to the unique key.
CREATE TABLE permission_grant (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    client_id {blob} NOT NULL,
    resource_id {blob} NOT NULL,
    principal_id {blob} NOT NULL,
    record {text} NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX permission_grant_client
    ON permission_grant (tenant_id, client_id, resource_id, principal_id);

-- Sign-in. Codes, tokens and sessions are kept by their hash alone.

CREATE TABLE authorization_code (
    tenant_id {blob} NOT NULL,
    hash {blob} NOT NULL,
    client {blob} NOT NULL,
    user_id {blob} NOT NULL,
    redirect_uri {text} NOT NULL,
    scopes {text} NOT NULL,
    resource_requested {text},
    resource_app_id {blob},
    challenge {text},
    nonce {text},
    auth_time BIGINT NOT NULL,
    wants_auth_time BIGINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    redeemed BIGINT,
    family {blob} NOT NULL,
    PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX authorization_code_expires ON authorization_code (tenant_id, expires);

CREATE TABLE refresh_token (
    tenant_id {blob} NOT NULL,
    hash {blob} NOT NULL,
    family {blob} NOT NULL,
    client {blob} NOT NULL,
    platform {text} NOT NULL,
    user_id {blob} NOT NULL,
    scopes {text} NOT NULL,
    resource_requested {text},
    resource_app_id {blob},
    auth_time BIGINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used BIGINT,
    successor {blob},
    revoked BIGINT,
    PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX refresh_token_family ON refresh_token (tenant_id, family);
CREATE INDEX refresh_token_expires ON refresh_token (tenant_id, expires);

CREATE TABLE user_session (
    tenant_id {blob} NOT NULL,
    hash {blob} NOT NULL,
    user_id {blob} NOT NULL,
    auth_time BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX user_session_expires ON user_session (tenant_id, expires);

CREATE TABLE sign_in_failure (
    tenant_id {blob} NOT NULL,
    subject {text} NOT NULL,
    failures BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, subject)
);
CREATE INDEX sign_in_failure_last ON sign_in_failure (tenant_id, last);

-- Activities: the columns that filters ask for, in the order of time; the
-- record itself beside them.

CREATE TABLE activity (
    tenant_id {blob} NOT NULL,
    timestamp BIGINT NOT NULL,
    uuid {blob} NOT NULL,
    created BIGINT NOT NULL,
    app_id BIGINT NOT NULL,
    instance BIGINT NOT NULL,
    source BIGINT NOT NULL,
    event_category {text} NOT NULL,
    action_type {text} NOT NULL,
    action_folded {text} NOT NULL,
    user_folded {text},
    user_domain {text},
    actor_id {text},
    ip {text},
    ip_category BIGINT NOT NULL,
    country {text},
    organization_folded {text},
    device_type {text} NOT NULL,
    agent_folded {text},
    admin_event BIGINT NOT NULL,
    impersonated BIGINT NOT NULL,
    words {text} NOT NULL,
    ip_tags {text} NOT NULL,
    agent_tags {text} NOT NULL,
    objects {text} NOT NULL,
    late BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, timestamp, uuid)
);
CREATE INDEX activity_created ON activity (tenant_id, created, timestamp);
CREATE INDEX activity_user ON activity (tenant_id, user_folded, timestamp);

CREATE TABLE activity_raw (
    tenant_id {blob} NOT NULL,
    timestamp BIGINT NOT NULL,
    uuid {blob} NOT NULL,
    record {blob} NOT NULL,
    PRIMARY KEY (tenant_id, timestamp, uuid)
);

CREATE TABLE activity_feedback (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    activity_id {text} NOT NULL,
    created BIGINT NOT NULL,
    author {text} NOT NULL,
    record {text} NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- Alerts.

CREATE TABLE alert (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    timestamp BIGINT NOT NULL,
    status BIGINT NOT NULL,
    severity BIGINT NOT NULL,
    resolution BIGINT NOT NULL,
    resolved BIGINT,
    risk BIGINT NOT NULL,
    alert_type BIGINT NOT NULL,
    policy_id {text},
    story_key {text},
    record {text} NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX alert_timestamp ON alert (tenant_id, timestamp, id);
CREATE INDEX alert_story ON alert (tenant_id, story_key, timestamp);

-- What an alert speaks of, for the filters `entity.*`.
CREATE TABLE alert_entity (
    tenant_id {blob} NOT NULL,
    alert_id {blob} NOT NULL,
    kind {text} NOT NULL,
    entity_id {text} NOT NULL,
    saas BIGINT NOT NULL,
    inst BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind, entity_id, alert_id, saas, inst)
);
CREATE INDEX alert_entity_alert ON alert_entity (tenant_id, alert_id);

-- The activities that prove an alert, for the filter `activity.alertId`.
CREATE TABLE alert_activity (
    tenant_id {blob} NOT NULL,
    alert_id {blob} NOT NULL,
    timestamp BIGINT NOT NULL,
    uuid {blob} NOT NULL,
    PRIMARY KEY (tenant_id, alert_id, timestamp, uuid)
) {without_rowid};

-- Entities.

CREATE TABLE entity (
    tenant_id {blob} NOT NULL,
    saas BIGINT NOT NULL,
    inst BIGINT NOT NULL,
    entity_id {text} NOT NULL,
    record_id {blob} NOT NULL,
    kind BIGINT NOT NULL,
    status BIGINT NOT NULL,
    display_name {text} NOT NULL,
    name_folded {text} NOT NULL,
    user_folded {text},
    domain {text},
    organization_folded {text},
    is_admin BIGINT NOT NULL,
    is_external BIGINT NOT NULL,
    last_seen BIGINT,
    score BIGINT,
    email {text},
    record {text} NOT NULL,
    PRIMARY KEY (tenant_id, saas, inst, entity_id, kind)
);
CREATE INDEX entity_user ON entity (tenant_id, user_folded);
CREATE INDEX entity_seen ON entity (tenant_id, last_seen);

-- IP ranges.

CREATE TABLE ip_range (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    name_folded {text} NOT NULL,
    category BIGINT NOT NULL,
    tags_folded {text} NOT NULL,
    record {text} NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX ip_range_name ON ip_range (tenant_id, name_folded);

CREATE TABLE ip_tag (
    tenant_id {blob} NOT NULL,
    id {text} NOT NULL,
    name_folded {text} NOT NULL,
    record {text} NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX ip_tag_name ON ip_tag (tenant_id, name_folded);

-- Cloud discovery.

CREATE TABLE discovery_stream (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    name_folded {text} NOT NULL,
    snapshot BIGINT NOT NULL,
    record {text} NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- Data sources alone: snapshot reports may share a name.
CREATE UNIQUE INDEX discovery_stream_name ON discovery_stream (tenant_id, name_folded)
    WHERE snapshot = 0;

CREATE TABLE discovery_upload (
    tenant_id {blob} NOT NULL,
    id {blob} NOT NULL,
    stream_id {blob},
    state {text} NOT NULL,
    created BIGINT NOT NULL,
    record {text} NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX discovery_upload_state ON discovery_upload (tenant_id, state, created);

CREATE TABLE app_day (
    tenant_id {blob} NOT NULL,
    stream_id {blob} NOT NULL,
    day BIGINT NOT NULL,
    app_id BIGINT NOT NULL,
    transactions BIGINT NOT NULL,
    blocked BIGINT NOT NULL,
    bytes_up BIGINT NOT NULL,
    bytes_down BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, stream_id, day, app_id)
) {without_rowid};

CREATE TABLE user_day (
    tenant_id {blob} NOT NULL,
    stream_id {blob} NOT NULL,
    day BIGINT NOT NULL,
    app_id BIGINT NOT NULL,
    user_key {text} NOT NULL,
    display {text} NOT NULL,
    transactions BIGINT NOT NULL,
    blocked BIGINT NOT NULL,
    bytes_up BIGINT NOT NULL,
    bytes_down BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, stream_id, day, app_id, user_key)
) {without_rowid};

CREATE TABLE address_day (
    tenant_id {blob} NOT NULL,
    stream_id {blob} NOT NULL,
    day BIGINT NOT NULL,
    app_id BIGINT NOT NULL,
    address {text} NOT NULL,
    transactions BIGINT NOT NULL,
    blocked BIGINT NOT NULL,
    bytes_up BIGINT NOT NULL,
    bytes_down BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, stream_id, day, app_id, address)
) {without_rowid};

CREATE TABLE app_tag (
    tenant_id {blob} NOT NULL,
    app_id BIGINT NOT NULL,
    tag_folded {text} NOT NULL,
    tag {text} NOT NULL,
    PRIMARY KEY (tenant_id, app_id, tag_folded)
);

-- The detector: what it learnt and how far it read, written with the alerts they
-- belong to. Nothing up to the watermark is waited for any more.

CREATE TABLE detector (
    tenant_id {blob} NOT NULL PRIMARY KEY,
    position_timestamp BIGINT NOT NULL,
    position_uuid {blob} NOT NULL,
    watermark BIGINT NOT NULL,
    state {blob} NOT NULL,
    lease_holder {blob},
    lease_until BIGINT NOT NULL
);

CREATE TABLE detector_person (
    tenant_id {blob} NOT NULL,
    person {text} NOT NULL,
    state {blob} NOT NULL,
    PRIMARY KEY (tenant_id, person)
);

-- Who did what. A record is written with its place in a chain, or without one and
-- with a mark, to be linked next; place 0 is that of a record whose mark was wrong.

CREATE TABLE audit_record (
    tenant_id {blob} NOT NULL,
    timestamp BIGINT NOT NULL,
    id {blob} NOT NULL,
    node {blob},
    sequence BIGINT,
    position BIGINT,
    mark {blob},
    actor {text} NOT NULL,
    app_id {blob},
    action {text} NOT NULL,
    target {text} NOT NULL,
    outcome {text} NOT NULL,
    code BIGINT,
    detail {text} NOT NULL,
    source {text},
    correlation_id {blob},
    trace_id {blob},
    count BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, timestamp, id)
);
CREATE INDEX audit_record_place ON audit_record (tenant_id, node, sequence, position);
CREATE INDEX audit_record_unlinked ON audit_record (tenant_id, timestamp)
    WHERE sequence IS NULL;

CREATE TABLE audit_link (
    tenant_id {blob} NOT NULL,
    node {blob} NOT NULL,
    sequence BIGINT NOT NULL,
    previous {blob} NOT NULL,
    created BIGINT NOT NULL,
    manifest {blob} NOT NULL,
    key_version BIGINT NOT NULL,
    link {blob} NOT NULL,
    signature {blob} NOT NULL,
    -- Its records without rows of their own, and the newest's time.
    pack {blob},
    latest BIGINT,
    PRIMARY KEY (tenant_id, node, sequence)
);
CREATE INDEX audit_link_time ON audit_link (tenant_id, latest) WHERE pack IS NOT NULL;

-- The use of applications' roles, a row a day.
CREATE TABLE role_use (
    tenant_id {blob} NOT NULL,
    app_id {blob} NOT NULL,
    role {text} NOT NULL,
    action {text} NOT NULL,
    day BIGINT NOT NULL,
    count BIGINT NOT NULL,
    only_count BIGINT NOT NULL,
    last_used BIGINT NOT NULL,
    last_call {text} NOT NULL,
    PRIMARY KEY (tenant_id, app_id, role, action, day)
) {without_rowid};

-- At which threshold, in days, the end of a credential was last told.
CREATE TABLE expiry_warning (
    tenant_id {blob} NOT NULL,
    key_id {blob} NOT NULL,
    threshold BIGINT NOT NULL,
    warned BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, key_id)
);
