//! All SQL: migrations, repositories and the filter compiler, on SQLite and PostgreSQL.
