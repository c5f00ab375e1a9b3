"""Publishing and consuming events: the outbox, the relay to the event log, and the consumer."""
