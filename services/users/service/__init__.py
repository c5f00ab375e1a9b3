"""The use cases of the users service.

A use case that takes a connection runs in its caller's transaction. The others open their own.
Events are published in the transaction of the change.
"""
