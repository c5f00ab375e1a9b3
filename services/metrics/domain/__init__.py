"""The types and rules of the metrics service."""
