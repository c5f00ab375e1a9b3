"""Parts shared by all kinds of upstream calls.

`requests` makes a call from a request message, with metadata and deadline; `closable` is the base
of
calls that the gateway itself may end.
"""
