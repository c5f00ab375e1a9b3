"""The code around a call: registration, authentication, policy, deadline, audit and idempotency.

`pipeline` wraps the methods of servicers. `channels` opens channels to other services.
"""
