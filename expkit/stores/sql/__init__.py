"""Runs in an SQL database: SQLite, PostgreSQL, MySQL or MariaDB, by SQLAlchemy, which is loaded with the first use."""
