"""Payments, the ledger and reconciliations in PostgreSQL: SQL in, domain types out."""
