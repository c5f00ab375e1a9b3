"""A chat service that has a method of every kind."""

import asyncio
import hashlib
import time
from typing import Any, Self

import grpc
from google.protobuf import any_pb2, message_factory
from google.rpc import status_pb2

from gateway.auth.auth import RequestCaller
from gateway.contracts.descriptors import Contracts

ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


KINDS = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


class ChatService:
    """The upstream: echoes messages, streams its log from any position, counts open calls."""

    def __init__(self, contracts: Contracts) -> None:
        self.contracts = contracts
        self.log: list[Any] = []
        self.grown = asyncio.Condition()
        self.opened: list[str] = []
        self.open = 0
        self.taking = asyncio.Event()
        self.taking.set()
        self.metadata: dict[str, Any] = {}
        self.remaining: float | None = None

    async def __aenter__(self) -> Self:
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        handlers = {}
        for method in self.contracts.methods:
            name = method.path.rpartition("/")[2]
            make = KINDS[method.client_streaming, method.server_streaming]
            read = message_factory.GetMessageClass(method.input).FromString
            write = type(self.line()).SerializeToString
            handlers[name] = make(getattr(self, name.lower()), read, write)
        handler = grpc.method_handlers_generic_handler("chat.v1.ChatService", handlers)
        self._server.add_generic_rpc_handlers([handler])
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop(None)

    def line(self, **values: Any) -> Any:
        kind = self.contracts.pool.FindMessageTypeByName("chat.v1.Line")
        return message_factory.GetMessageClass(kind)(**values)

    async def append(self, *texts: str) -> None:
        async with self.grown:
            for text in texts:
                self.log.append(self.line(text=text, number=len(self.log) + 1))
            self.grown.notify_all()

    def forget(self) -> None:
        self.log.clear()
        self.opened.clear()

    def note(self, context: Any) -> None:
        self.metadata = dict(context.invocation_metadata())
        self.remaining = context.time_remaining()

    async def say(self, request: Any, context: Any) -> Any:
        self.note(context)
        await context.send_initial_metadata((("x-mood", "good"), ("x-raw-bin", b"\x00\xff")))
        context.set_trailing_metadata((("x-cost", "3"), ("x-libral-secret", "no")))
        if request.code:
            await context.abort(list(grpc.StatusCode)[request.code], request.text)
        return request

    sum = read = say

    async def add(self, requests: Any, context: Any) -> Any:
        lines = [line async for line in requests]
        names = {line.room for line in lines}
        return self.line(room="+".join(sorted(names)), number=sum(line.number for line in lines))

    async def chat(self, requests: Any, context: Any) -> Any:
        self.note(context)
        self.open += 1
        try:
            await self.taking.wait()
            async for line in requests:
                if line.code:
                    context.set_trailing_metadata((("x-cost", "9"),))
                    await context.abort(list(grpc.StatusCode)[line.code], line.text)
                yield self.line(room=line.room, text=line.text.upper(), number=line.number)
            yield self.line(text="bye")
        finally:
            self.open -= 1

    secret = chat

    async def watch(self, request: Any, context: Any) -> Any:
        self.opened.append("watch")
        self.open += 1
        at = len(self.log) if request.after == -1 else request.after
        try:
            while True:
                async with self.grown:
                    while at >= len(self.log):
                        await self.grown.wait()
                for line in self.log[at:]:
                    at += 1
                    if line.text == "torn details":
                        detail = any_pb2.Any(type_url=ERROR_INFO, value=b"\xff")
                        status = status_pb2.Status(code=15, message="torn", details=[detail])
                        trailers = (("grpc-status-details-bin", status.SerializeToString()),)
                        context.set_trailing_metadata(trailers)
                    if line.text.startswith("torn"):
                        await context.abort(grpc.StatusCode.DATA_LOSS, "torn")
                    yield line
        finally:
            self.open -= 1

    plain = watch

    async def state(self, request: Any, context: Any) -> Any:
        self.opened.append("state")
        self.open += 1
        try:
            while True:
                async with self.grown:
                    yield self.line(text=f"{len(self.log)} lines")
                    await self.grown.wait()
        finally:
            self.open -= 1


def know(gateway: Any, subject: str, *roles: str) -> dict[str, str]:
    """Add a caller to the gateway's cache. Return the authorization header."""
    authorization = f"Bearer token of {subject}"
    digest = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).digest()
    caller = RequestCaller(authorization, subject, frozenset(roles), expire=time.time() + 900)
    gateway.context.authenticator._cache._callers[digest] = (caller.expire, caller)
    return {"authorization": authorization}
