"""Authentication of callers, and enforcement of access rules.

`auth` verifies bearer tokens, each once, and enforces the rules; `keys` fetches the signing keys
from
the method that publishes them.
"""
