"""A server with methods on serialized messages, on either engine, and calls of them."""

import asyncio

import grpc
import pygrpc_native.aio
from google.protobuf import any_pb2
from google.rpc import status_pb2

from gateway.upstream import UpstreamCall

LIMITS = [
    ("grpc.max_receive_message_length", 8 * 1024 * 1024),
    ("grpc.max_send_message_length", 8 * 1024 * 1024),
    ("grpc.so_reuseport", 0),
]


class Server:
    """Methods on serialized messages."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.metadata: dict = {}
        self.remaining: float | None = None
        self.cancelled = asyncio.Event()
        self.calls = 0

    async def start(self, port: int = 0) -> None:
        kind = pygrpc_native.aio if self.engine == "native" else grpc.aio
        self.server = kind.server(options=LIMITS)
        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        handlers = {
            "Echo": unary(self.echo),
            "Repeat": unary(self.repeat),
            "Fail": unary(self.fail),
            "Wait": unary(self.wait),
            "Count": stream(self.count),
            "Hang": stream(self.hang),
        }
        if self.engine == "grpcio":
            handlers["Sum"] = grpc.stream_unary_rpc_method_handler(self.sum)
            handlers["Chat"] = grpc.stream_stream_rpc_method_handler(self.chat)
        self.server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("t.T", handlers)]
        )
        self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        await self.server.start()

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def stop(self) -> None:
        await self.server.stop(None)

    async def echo(self, request, context):
        self.calls += 1
        self.metadata = dict(context.invocation_metadata())
        self.remaining = context.time_remaining()
        await context.send_initial_metadata((("x-first", "1"), ("x-first-bin", b"\x00\xff")))
        context.set_trailing_metadata((("x-last", "2"), ("x-last-bin", b"\xfe")))
        return request

    async def repeat(self, request, context):
        return b"x" * int(request)

    async def fail(self, request, context):
        status = status_pb2.Status(
            code=9, message="日本 100%", details=[any_pb2.Any(type_url="t/x", value=b"\x01")]
        )
        trailers = [("x-why", "so")]
        if request == b"details":
            trailers.append(("grpc-status-details-bin", status.SerializeToString()))
        context.set_trailing_metadata(tuple(trailers))
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "日本 100%")

    async def wait(self, request, context):
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return request

    async def count(self, request, context):
        for number in range(int(request)):
            yield b"%d" % number
        context.set_trailing_metadata((("x-last", "end"),))

    async def hang(self, request, context):
        try:
            yield b"first"
            while True:
                await asyncio.sleep(0 if request else 10)
                if request:
                    self.calls += 1
                    yield bytes(16_384)
        finally:
            self.cancelled.set()

    async def sum(self, requests, context):
        return b"%d" % sum([int(each) async for each in requests])

    async def chat(self, requests, context):
        async for each in requests:
            yield each.upper()


def call(name: str, request: bytes | None = b"", seconds: float = 5.0, **more) -> UpstreamCall:
    return UpstreamCall(f"/t.T/{name}", request, more.pop("metadata", []), seconds, **more)
