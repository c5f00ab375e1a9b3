"""Streams of upstreams, for REST and WebSocket.

`subscription` opens and tracks them, and `cursors` resumes them; `fan_out` shares one upstream call
among
all subscriptions to the same stream; `bidi` is a call on which the client sends too; `singleflight`
coalesces identical unary reads.
"""
