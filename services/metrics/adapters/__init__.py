"""Clients of what is measured and controlled: host, PostgreSQL, cache, processes, modules."""
