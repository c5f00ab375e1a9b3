"""The events room owns the log: the one ordered record of what happened.

It promises positions without gaps, an id that is in the log at most once, a
hash on each event over the event before, and streams that miss nothing,
whatever becomes of Redis.
"""
