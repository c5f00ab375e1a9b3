"""WebSocket: calls of every kind, one on the path of its method or many on `/v1/ws`.

`commands` and `wires` are what both sides say, in JSON or in binary; `connection` carries it;
`calls` brings the upstream's side; `many` and `one` serve a connection.
"""

from gateway.websocket.many import PATH, ManySocket
from gateway.websocket.one import OneSocket

__all__ = ["PATH", "ManySocket", "OneSocket"]
