"""What the room does by itself: append, wake, index, tell checkpoints, keep months."""
