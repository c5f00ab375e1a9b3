"""A gateway from gRPC to REST, SSE and WebSocket, from descriptors alone.

It owns no data and knows no room: routes, messages, access rules and
documentation all come from a descriptor set. It promises that every answer is
either what the upstream said or an AIP-193 error, and that no call, body,
stream or queue is without a bound.
"""
