"""A gateway from gRPC to REST, SSE and WebSocket, from descriptors alone.

It owns no data and knows no service: routes, messages, access rules and documentation come from a
descriptor set. Every response is what the upstream answered or an AIP-193 error, and every call,
body, stream and queue has a bound. `app` is the ASGI application; the packages are layers, which
`README.md` lists.
"""
