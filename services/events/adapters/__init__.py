"""Redis pub/sub for new positions, and the channels that checkpoints are published on."""
