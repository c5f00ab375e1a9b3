"""WebSocket: calls of every kind, one on the path of its method or many on `/v1/ws`.

`commands` and `wires` are what both sides say, in JSON or in binary, in the frames of `framing`;
`port` is how frames are written, by the server or over plain ASGI; `session` carries messages
over it; `operations` are the calls of a connection; `many` and `one` serve it.
"""

from gateway.websocket.many import PATH, ManySocket
from gateway.websocket.one import OneSocket

__all__ = ["PATH", "ManySocket", "OneSocket"]
