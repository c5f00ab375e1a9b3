"""Typed client of the gateway's REST API.

`client` has a method for each call, `http` sends requests and reads errors. Every response is
parsed into a frozen dataclass at once. A missing value becomes None; an unknown enum value is kept
as is.
"""
