"""The tables of the log in PostgreSQL: SQL in, domain types out."""
