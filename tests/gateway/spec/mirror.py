"""Both ends of the gateway as bytes: a client that does not normalize URLs, and a mirror."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

import grpc
import orjson


@dataclass(frozen=True)
class HttpResponse:
    """The gateway's response, and the id of the request."""

    id: str
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.content)

    @property
    def violations(self) -> dict[str, str]:
        """Return the violations of a 400 by field. Its message must be the first of them."""
        assert self.status == 400, self
        error = self.json["error"]
        (detail,) = [each for each in error["details"] if each["@type"].endswith("BadRequest")]
        found = {each.get("field", ""): each["description"] for each in detail["fieldViolations"]}
        surplus = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        assert error["message"] == ": ".join(next(iter(found.items()))) + surplus
        return found


class RawClient:
    """One keep-alive connection. It sends paths and queries unchanged."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def send(
        self, verb: str, target: str, content: bytes = b"", kind: str = "application/json"
    ) -> HttpResponse:
        key = str(uuid4())
        head = (
            f"{verb} {target} HTTP/1.1\r\nhost: x\r\nx-request-id: {key}\r\n"
            f"content-type: {kind}\r\ncontent-length: {len(content)}\r\n\r\n"
        )
        self._writer.write(head.encode() + content)
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().strip().splitlines()
        headers = dict(line.split(": ", 1) for line in lines)
        received = b"" if verb == "HEAD" else await self._read_body(headers)
        return HttpResponse(key, int(first.split()[1]), headers, received)

    async def _read_body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return await self._reader.readexactly(int(headers.get("content-length", "0")))
        received = b""
        while size := int(await self._reader.readline(), 16):
            received += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readline()
        return received


@dataclass
class Mirror(grpc.GenericRpcHandler):
    """Responds to every method with its request, and records both by request id."""

    seen: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers([self])
        self.target = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop(None)

    def service(self, handler_call_details):
        async def echo(request, context):
            key = dict(context.invocation_metadata())["x-request-id"]
            self.seen[key] = (handler_call_details.method, request)
            return request

        return grpc.unary_unary_rpc_method_handler(echo)
