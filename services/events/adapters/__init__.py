"""Outside systems: Redis as the doorbell, and where checkpoints are told."""
