"""The events service owns the event log, the ordered record of everything that happened.

It guarantees that positions have no gaps, that an id is in the log at most once, that the
hash of an event covers the hash of the previous event, and that streams deliver every event
even if Redis loses all its data.
"""
