"""The use cases of the users service, one module for each part of it.

A use case that takes a connection runs in its caller's transaction; the others
open their own. Events are published in the transaction of the change.
"""
