"""The use cases of the payments service."""
