"""What every room needs, and no room by name.

Settings, logs, the server with its health and its pipeline, the database,
the outbox and its relay, subscriptions, idempotency, page tokens, field masks
and the clock. It knows two contracts, since the mesh rests on them: the event
log and the keys that tokens are verified with.
"""
