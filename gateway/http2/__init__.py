"""The client's side of HTTP/2 (RFC 9113), as much of it as gRPC needs.

`frames` writes frames and `blocks` header blocks; `connection` holds the state of one connection
without I/O, with its `stream`s and a `sender` that keeps to the peer's windows; `protocol` runs
it on asyncio. It takes 4 MiB of memory a connection at most for what is neither sent nor read,
but for what its streams hold, and each of those is bounded by its window.
"""
