"""Bodies that are many request messages: each is read, and sent on, as it arrives.

`splitters` find the messages in JSON and `multipart` the parts of multipart/form-data; `readers`
choose between them; `builder` makes the messages; `upload` sends them.
"""

from gateway.bodies.upload import Upload

__all__ = ["Upload"]
