"""The use cases of the telegram service."""
