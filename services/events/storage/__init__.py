"""The tables of the log in PostgreSQL."""
