"""The events service owns the log: the one ordered record of what happened.

It guarantees positions without gaps, each id in the log at most once, a hash
of each event that covers the hash of the event before, and streams that miss
nothing even if Redis loses all its data.
"""
