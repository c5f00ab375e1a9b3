"""WebSocket: calls of every kind, one on the path of its method or many on `/v1/ws`.

`commands` and `message_codecs` decode and encode the messages, in JSON or in binary, in the frames
of
`framing`. `port` writes frames, through the server or over plain ASGI, and `session` exchanges
messages
over it. `operations` are the calls of a connection; `many` and `one` serve it.
"""

from gateway.websocket.many import PATH, ManySocket
from gateway.websocket.one import OneSocket

__all__ = ["PATH", "ManySocket", "OneSocket"]
