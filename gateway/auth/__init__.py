"""Callers: who calls a method, and whether its access rule admits them.

`auth` verifies bearer tokens, each once, and enforces the rules; `keys` fetches the keys that
tokens are signed with from the method that publishes them.
"""
