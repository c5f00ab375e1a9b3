"""Outside systems: Redis pub/sub for new positions, and the channels of checkpoints."""
