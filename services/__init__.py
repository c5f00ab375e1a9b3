"""The rooms of the mesh, and the kernel that runs any of them.

A room is a folder here with the floor plan that `CONTRIBUTING.md` describes.
It rests on `services.kernel` and on other rooms' contracts (`libral.*`), never
on their code.
"""

import os

# gRPC reads it when it is imported, which is after this. It would write lines of its own form
# beside the one that tells why a room does not start.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
