"""Types and rules of the log: events, their hash chain, search, checkpoints, consumers."""
