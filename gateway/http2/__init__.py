"""The client's side of HTTP/2 (RFC 9113), as much of it as gRPC needs.

`frames` writes frames, `connection` holds the state of one connection without I/O, `protocol` runs
it on asyncio. It takes 4 MiB of memory a connection at most for what is neither sent nor read, but
for what its streams hold, and each of those is bounded by its window.
"""
