"""Request bodies that hold many messages; each message is sent upstream as it arrives.

`splitters` find the messages in JSON and `multipart` the parts of multipart/form-data; `readers`
choose
between them; `message_builder` makes the messages; `upload` sends them.
"""

from gateway.bodies.upload import Upload

__all__ = ["Upload"]
