"""Use cases of the log: append, read, stream, search, verify, index, retain, checkpoint."""
