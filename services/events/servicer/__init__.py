"""EventService and ReactionService: contract ↔ service."""
