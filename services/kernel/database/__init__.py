"""A service's schema in PostgreSQL: transactions, reads on hot paths, tables and migrations."""
