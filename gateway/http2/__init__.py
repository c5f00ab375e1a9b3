"""An HTTP/2 client (RFC 9113) with the features that gRPC needs.

`frames` encodes frames and `blocks` header blocks. `connection` is the state of one connection
without
I/O, with its `stream`s and a `sender` that respects the peer's flow-control windows. `protocol`
runs it
on asyncio. A connection buffers at most 4 MiB in addition to its streams, each of which is bounded
by
its window.
"""
