"""A service with client streams, behind a gateway."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import message_factory

from gateway.contracts.descriptors import Contracts

SERVICE = "uploads.v1.UploadService"
METADATA = (
    ("tenant", "a"),
    ("tenant", "b"),
    ("blob-bin", b"\x00\xff"),
    ("x-libral-caller", "secret"),
    ("x-request-id", "another"),
)


@dataclass
class Uploading(grpc.GenericRpcHandler):
    """The upstream: it responds with what arrived. `taken` counts messages on arrival."""

    contracts: Contracts
    taken: int = 0
    cancelled: int = 0
    fetching: int = 0
    metadata: list[dict[str, Any]] = field(default_factory=list)
    slow: float = 0.0

    async def start(self) -> None:
        self.server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        self.server.add_generic_rpc_handlers([self])
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        await self.server.start()

    def forget(self) -> None:
        self.taken, self.cancelled, self.metadata, self.slow = 0, 0, [], 0.0

    @property
    def targets(self) -> dict[str, str]:
        return {"uploads.v1": f"127.0.0.1:{self.port}"}

    def service(self, handler_call_details):
        found = {method.path: method for method in self.contracts.methods}
        method = found.get(handler_call_details.method)
        if method is None:
            return None
        kinds = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }
        make = kinds[method.client_streaming, method.server_streaming]
        name = method.full_name.rpartition(".")[2]
        read = message_factory.GetMessageClass(method.input).FromString
        return make(getattr(self, name.lower()), read, lambda m: m.SerializeToString())

    def message(self, name: str, **values: Any) -> Any:
        kind = self.contracts.pool.FindMessageTypeByName(name)
        return message_factory.GetMessageClass(kind)(**values)

    async def each(self, requests, context):
        self.metadata.append(dict(context.invocation_metadata()))
        try:
            async for request in requests:
                self.taken += 1
                if self.slow:
                    await asyncio.sleep(self.slow)
                yield request
            # grpc.aio ends the messages of a cancelled call before it cancels the method.
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def gather(self, requests, context):
        items = []
        async for item in self.each(requests, context):
            items.append(item)
            if item.display_name == "enough":
                break
            if item.display_name == "refuse":
                await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "refused")
        context.set_trailing_metadata((("last", "1"),))
        return self.message("uploads.v1.Gathered", items=items)

    async def store(self, requests, context):
        stored = self.message("uploads.v1.Stored")
        digest = hashlib.sha256()
        async for request in self.each(requests, context):
            kind = request.WhichOneof("data")
            if kind != "chunk" or not stored.kinds or stored.kinds[-1] != "chunk":
                stored.kinds.append(kind or "")
            if kind == "file":
                stored.file.MergeFrom(request.file)
            else:
                self.count(stored, digest, request.chunk)
        stored.digest = digest.hexdigest()
        return stored

    async def storeraw(self, requests, context):
        stored = self.message("uploads.v1.Stored")
        digest = hashlib.sha256()
        async for request in self.each(requests, context):
            self.count(stored, digest, request)
        stored.digest = digest.hexdigest()
        return stored

    @staticmethod
    def count(stored, digest, chunk) -> None:
        stored.chunks += 1
        stored.size += len(chunk.data)
        digest.update(chunk.data)
        if chunk.content_type:
            stored.content_types.append(chunk.content_type)

    async def chat(self, requests, context):
        await context.send_initial_metadata((("tenant", "a"),))
        async for item in self.each(requests, context):
            if item.display_name == "end":
                return
            if item.display_name == "refuse":
                await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "refused")
            yield item

    async def fetch(self, request, context):
        self.fetching += 1
        try:
            for number in range(request.chunks):
                kind = request.content_type if not number else ""
                data = b"%d" % (number % 10) * 1000
                yield self.message("google.api.HttpBody", content_type=kind, data=data)
        finally:
            self.fetching -= 1
        if request.fail:
            await context.abort(grpc.StatusCode.DATA_LOSS, "torn")

    async def fetchpart(self, request, context):
        async for body in self.fetch(request, context):
            yield self.message("uploads.v1.Part", file=body)

    async def describe(self, request, context):
        self.metadata.append(dict(context.invocation_metadata()))
        large = (("large", "x" * min(request.size, 10_000)),) if request.size > 0 else ()
        await context.send_initial_metadata((*METADATA, *large))
        context.set_trailing_metadata((("last", "z"), ("last-bin", b"\x01")))
        if request.fail:
            await context.abort(grpc.StatusCode.NOT_FOUND, "gone")
        return self.message("uploads.v1.Item", display_name="told")

    async def describestream(self, request, context):
        await context.send_initial_metadata(METADATA)
        yield self.message("uploads.v1.Item", display_name="told")
        context.set_trailing_metadata((("last", "z"), ("last", "y"), ("last-bin", b"\x01")))
        if request.fail:
            await context.abort(grpc.StatusCode.NOT_FOUND, "gone")


def names_of(response) -> list[str]:
    assert response.status_code == 200, response.text
    return [item["displayName"] for item in response.json()["items"]]


async def pieces(content: bytes, size: int):
    for start in range(0, len(content), size):
        yield content[start : start + size]
