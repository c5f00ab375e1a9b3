"""Upstreams: servers that speak gRPC, called with bytes by method path.

`call` is the interface. `lean` calls over our own HTTP/2, at a fraction of the cost of `grpcio`,
which calls over grpc.aio. Both pass the same tests.
"""

from gateway.upstream.call import Call, Metadata, Reply, Stream, Upstream
from gateway.upstream.pool import Upstreams

__all__ = ["Call", "Metadata", "Reply", "Stream", "Upstream", "Upstreams"]
