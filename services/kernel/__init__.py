"""What every service needs, and no service by name.

`server` runs a service from its settings to its drain. `rpc` holds what happens around a call,
`events` the outbox, its relay and the subscription to the event log, `database` transactions,
hot-path statements and migrations. The kernel knows two contracts, since the mesh rests on them:
the event log, and the keys that tokens are verified with.
"""
