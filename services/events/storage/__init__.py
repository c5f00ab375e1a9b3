"""The room's schema in PostgreSQL: SQL in, domain out."""
