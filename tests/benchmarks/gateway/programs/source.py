"""A gRPC server that streams events by topic: each published event goes to all subscribers.

python -m tests.benchmarks.gateway.programs.source PORT DESCRIPTOR_SET
"""

import asyncio
import sys
from collections import defaultdict
from pathlib import Path

import grpc
import uvloop

from tests.benchmarks.gateway.contracts import EVENT_STREAM, read_class

# A gateway without fan-out needs one stream for each socket.
STREAMS_MAX = 10_000


class TopicStreams:
    """The subscribers of each topic, each with a queue of serialized events."""

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
    topics = TopicStreams()
    handlers = {
        "Publish": grpc.unary_unary_rpc_method_handler(
            topics.publish, request_deserializer=read_class(descriptors, "Post").FromString
        ),
        "Watch": grpc.unary_stream_rpc_method_handler(
            topics.watch, request_deserializer=read_class(descriptors, "WatchRequest").FromString
        ),
    }
    server = grpc.aio.server(options=[("grpc.max_concurrent_streams", STREAMS_MAX)])
    handler = grpc.method_handlers_generic_handler(EVENT_STREAM.removeprefix("/"), handlers)
    server.add_generic_rpc_handlers([handler])
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
