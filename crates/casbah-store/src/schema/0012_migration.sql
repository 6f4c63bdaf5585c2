-- Local: a migration of an installation into this database that has not come to its end;
-- one row at most.
CREATE TABLE migration (
    source {blob} NOT NULL PRIMARY KEY,
    begun BIGINT NOT NULL
);
