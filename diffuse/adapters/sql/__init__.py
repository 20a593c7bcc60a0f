"""The store on SQLite and PostgreSQL, with SQLAlchemy Core: rows are not the domain."""
