"""Events out and in: the outbox, the relay to the event log, and the subscription to it."""
