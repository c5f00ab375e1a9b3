"""The gateway's REST API in types: what a page asks for, and models of what is returned.

`client` has a method for each call that a page makes. Every response is parsed into a frozen
dataclass at once: a value that is missing is None, an enum value that is not known is kept as it
came. `http` sends the calls and reads the errors.
"""
