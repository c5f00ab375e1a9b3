"""Background loops of the service."""
