"""Use cases of the telegram service."""
