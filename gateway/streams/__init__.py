"""Streams of upstreams, for REST and WebSocket.

`subscription` opens and tracks them, and `cursors` resumes them. `fan_out` shares one upstream call
among all subscriptions to the same stream. `unshared_call` is a call of one client only, such as a
bidi call. `coalescing` shares one call among identical unary reads.
"""
