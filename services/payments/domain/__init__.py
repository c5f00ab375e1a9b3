"""The types and rules of payments, the ledger and reconciliations."""
