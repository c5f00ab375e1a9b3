"""EventService and ReactionService: contract ↔ domain."""

from services.events.servicer.events import EventServicer
from services.events.servicer.reactions import ReactionServicer

__all__ = ["EventServicer", "ReactionServicer"]
