"""Series, alert rules and incidents in PostgreSQL."""
