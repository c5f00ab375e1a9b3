"""Upstreams: servers that speak gRPC, called with bytes by method path.

`call` is the interface and `pool` all upstreams. `lean` calls over our own HTTP/2, at a fraction
of the cost of `grpcio`, which calls over grpc.aio; both pass the same tests. A `channel` keeps
the connection to one address; `exchange` and `stream_exchange` are calls under way on it, in the
forms of `grpc_framing`.
"""

from gateway.upstream.call import Metadata, Reply, Upstream, UpstreamCall, UpstreamStream
from gateway.upstream.pool import Upstreams

__all__ = ["Metadata", "Reply", "Upstream", "UpstreamCall", "UpstreamStream", "Upstreams"]
