"""Upstreams: gRPC servers, called with serialized messages by method path.

`call` is the interface and `pool` all upstreams. `lean` calls over the HTTP/2 client of this
package,
at a fraction of the cost of `grpcio`, which calls over grpc.aio; both pass the same tests. A
`channel`
keeps the connection to one address. `http2_call` and `http2_stream_call` are calls on it, encoded
by
`grpc_framing`.
"""

from gateway.upstream.call import Metadata, Reply, Upstream, UpstreamCall, UpstreamStream
from gateway.upstream.pool import Upstreams

__all__ = ["Metadata", "Reply", "Upstream", "UpstreamCall", "UpstreamStream", "Upstreams"]
