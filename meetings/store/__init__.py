"""Where the record is kept: SQLAlchemy Core on SQLite or PostgreSQL.  The only part of `meetings` that knows SQL."""
