-- How alerts were handled: rows that nothing changes, counted per alert, so that two
-- who close one alert at once cannot both write the same step.

CREATE TABLE alert_history (
    tenant_id {blob} NOT NULL,
    alert_id {blob} NOT NULL,
    sequence BIGINT NOT NULL,
    record {text} NOT NULL,
    PRIMARY KEY (tenant_id, alert_id, sequence)
) {without_rowid};

CREATE INDEX activity_feedback_activity
    ON activity_feedback (tenant_id, activity_id, created);
