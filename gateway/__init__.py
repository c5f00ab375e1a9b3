"""A gateway from gRPC to REST, server-sent events and WebSocket, driven by descriptors alone.

It owns no data and has no code for single services: routes, messages, access rules and
documentation
come from a descriptor set. A response is either the upstream's or an AIP-193 error. Every call,
body,
stream and queue is bounded. `app` is the ASGI application; `README.md` lists the packages, which
are
layers.
"""
