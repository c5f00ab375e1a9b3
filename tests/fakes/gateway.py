"""A fake gateway that returns prepared messages over REST and pushes messages over its WebSocket.

Replies are messages of the contracts in the gateway's JSON format. A test of the dashboard fails
when a contract that it depends on changes.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import uvicorn
from google.protobuf import json_format
from google.protobuf.message import Message
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.waiting import until

LOGIN, REFRESH = "/v1/auth:login", "/v1/auth:refresh"
Json = dict


@dataclass(frozen=True)
class Failure:
    """An error in the format of AIP-193, with a message in Japanese."""

    status: int
    reason: str = "TEST"
    message: str = "できません。"

    def json(self) -> Json:
        details = [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": self.reason},
            {
                "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
                "message": self.message,
            },
        ]
        return {"error": {"code": self.status, "message": "No.", "details": details}}


def write(message: Message) -> Json:
    return json_format.MessageToDict(message, always_print_fields_with_no_presence=True)


def token_pair(roles: list[str], lives: timedelta = timedelta(minutes=15)) -> Json:
    """Return a response of Login for 花子, with numbered tokens."""
    now = datetime.now(UTC)
    return {
        "accessToken": "access",
        "expireTime": (now + lives).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "refreshToken": "refresh",
        "refreshExpireTime": (now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "user": {"name": "users/1", "displayName": "花子", "roles": roles},
    }


class FakeGateway:
    """Serves `replies` by path. A path without a reply returns 404."""

    def __init__(self) -> None:
        self.url = ""
        self.replies: dict[str, Message | Json | Failure] = {LOGIN: token_pair(["ADMIN"])}
        self.requests: list[tuple[str, str, Json]] = []
        self.headers: list[Mapping[str, str]] = []
        self._subscribed: dict[str, tuple[WebSocket, str]] = {}
        self._arrived = asyncio.Condition()

    def asked(self, path: str) -> list[Json]:
        """Return the query parameters and bodies of the requests for a path."""
        return [sent for _, asked, sent in self.requests if asked == path]

    async def handle_request(self, request: Request) -> JSONResponse:
        body = await request.body()
        sent = json.loads(body) if body else read_query(request)
        self.requests.append((request.method, request.scope["path"], sent))
        self.headers.append(request.headers)
        reply = self.replies.get(request.scope["path"], Failure(404))
        if isinstance(reply, Failure):
            return JSONResponse(reply.json(), reply.status)
        return JSONResponse(reply if isinstance(reply, dict) else write(reply))

    async def serve_socket(self, socket: WebSocket) -> None:
        await socket.accept()
        try:
            while True:
                message = json.loads(await socket.receive_text())
                if message["type"] == "subscribe":
                    path = message["path"].partition("?")[0]
                    self.requests.append(("WS", message["path"], {}))
                    async with self._arrived:
                        self._subscribed[path] = (socket, message["id"])
                        self._arrived.notify_all()
        except WebSocketDisconnect:
            self._subscribed = {
                path: one for path, one in self._subscribed.items() if one[0] is not socket
            }

    async def push(self, path: str, message: Message) -> None:
        """Wait until the stream of a path is open, then send a message on it."""
        await self._send(path, type="message", data=write(message))

    async def end(self, path: str, status: str) -> None:
        """End the stream of a path."""
        await self._send(path, type="end", status={"status": status})
        del self._subscribed[path]

    async def _send(self, path: str, **message: object) -> None:
        async with asyncio.timeout(10), self._arrived:
            await self._arrived.wait_for(lambda: path in self._subscribed)
        socket, stream = self._subscribed[path]
        await socket.send_text(json.dumps({"id": stream, **message}))


def read_query(request: Request) -> Json:
    """Return the query parameters of a request. A repeated parameter is a list."""
    values = {name: request.query_params.getlist(name) for name in request.query_params}
    return {name: one[0] if len(one) == 1 else one for name, one in values.items()}


@asynccontextmanager
async def serve() -> AsyncIterator[FakeGateway]:
    """Serve a gateway on a free port in the running event loop."""
    gateway = FakeGateway()
    routes = [
        WebSocketRoute("/v1/ws", gateway.serve_socket),
        Route("/{path:path}", gateway.handle_request, methods=["GET", "POST"]),
    ]
    config = uvicorn.Config(
        Starlette(routes=routes), port=0, log_level="error", lifespan="off", ws="websockets-sansio"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    gateway.url = f"http://127.0.0.1:{port}"
    try:
        yield gateway
    finally:
        server.force_exit = server.should_exit = True
        await task
