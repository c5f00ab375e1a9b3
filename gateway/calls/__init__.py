"""Calls of upstream methods: what every kind of call is made of.

`requests` makes a call of a request message, with its metadata and deadline; `closable` is the
base of calls that the gateway may end of its own accord.
"""
