"""Accounts, sessions, API keys and purchases in PostgreSQL: SQL in, domain types out."""
