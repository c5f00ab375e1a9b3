"""Series, alert rules and incidents in PostgreSQL: SQL in, domain out."""
