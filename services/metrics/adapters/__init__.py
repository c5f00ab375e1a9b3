"""Collectors of figures, health checks, and the client of the process manager."""
