"""Streams of upstreams, as REST and WebSocket read them.

`subscription` opens and tracks them; `fan_out` shares one upstream call among all subscriptions
to the same stream; `bidi` is a call on which the client sends too; `singleflight` lets identical
unary reads share one call.
"""
