"""A gRPC server of one feed: what is published to a topic goes to all who watch it.

python -m tests.benchmarks.gateway.programs.source PORT DESCRIPTOR_SET
"""

import asyncio
import sys
from collections import defaultdict
from pathlib import Path

import grpc
import uvloop

from tests.benchmarks.gateway.contracts import FEED, read_class

# A gateway that asks for every socket by itself needs a stream for each.
STREAMS_MAX = 10_000


class Feed:
    """The watchers of each topic, each with a queue of serialized events."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[asyncio.Queue[bytes]]] = defaultdict(set)

    async def publish(self, post, context):
        content = post.event.SerializeToString()
        for queue in self._watchers[post.topic]:
            queue.put_nowait(content)
        return b""

    async def watch(self, request, context):
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._watchers[request.topic].add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._watchers[request.topic].discard(queue)


async def serve(port: int, descriptors: Path) -> None:
    feed = Feed()
    handlers = {
        "Publish": grpc.unary_unary_rpc_method_handler(
            feed.publish, request_deserializer=read_class(descriptors, "Post").FromString
        ),
        "Watch": grpc.unary_stream_rpc_method_handler(
            feed.watch, request_deserializer=read_class(descriptors, "WatchRequest").FromString
        ),
    }
    server = grpc.aio.server(options=[("grpc.max_concurrent_streams", STREAMS_MAX)])
    handler = grpc.method_handlers_generic_handler(FEED.removeprefix("/"), handlers)
    server.add_generic_rpc_handlers([handler])
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
