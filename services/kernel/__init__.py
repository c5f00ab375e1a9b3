"""The runtime of every service. It depends on no service.

`server` runs a service from its settings to its shutdown. `rpc` is the code around a call, `events`
the outbox, its relay and the event consumer, `database` transactions, fast reads and migrations.
The kernel uses two contracts: the event log, and the key set that tokens are verified with.
"""
