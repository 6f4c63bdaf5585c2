-- Whether a person was asked for a proof when the session began.

ALTER TABLE user_session ADD COLUMN asked BIGINT NOT NULL DEFAULT 1;
