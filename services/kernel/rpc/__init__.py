"""What happens around a call: registration, identity, policy, deadline, audit and idempotency.

`pipeline` wraps every method of a servicer in this order. `peers` opens channels to other services.
"""
