"""Who follows the log through everything: each must see every position once, in order."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing

import aiohttp
import grpc
from libral.events.v1 import events_pb2

from tests.faults.client import AWAY_ERRORS, Client

SILENCE_SECONDS = 30.0
AGAIN_SECONDS = 0.2
LINE_BYTES_MAX = 1024 * 1024
SHOWN_MAX = 20
Seen = tuple[int, str]
"""The position and the id of an event."""


class Subscriber:
    """Reads positions and ids of the log, and after a cut goes on behind the last that it saw."""

    name = ""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.ids: list[str] = []
        self.defects: list[str] = []
        self.cuts = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def position(self) -> int:
        return len(self.ids)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                async with aclosing(self.read(self.position)) as events:
                    async for position, event_id in events:
                        self._take(position, event_id)
            except (*AWAY_ERRORS, grpc.aio.AioRpcError, ValueError, KeyError):
                pass
            self.cuts += 1
            await asyncio.sleep(AGAIN_SECONDS)

    def _take(self, position: int, event_id: str) -> None:
        expected = self.position + 1
        if position == expected:
            self.ids.append(event_id)
            return
        if len(self.defects) < SHOWN_MAX:
            what = "again" if position < expected else f"and not {expected}"
            self.defects.append(f"{self.name} saw {position} {what}")
        # What was passed over is not waited for; what came twice is not counted.
        self.ids += [""] * (position - expected) + [event_id] * (position > expected)

    def read(self, after: int) -> AsyncIterator[Seen]:
        raise NotImplementedError


class SseSubscriber(Subscriber):
    """Server-sent events through the gateway, resumed by Last-Event-ID."""

    name = "sse"

    async def read(self, after: int) -> AsyncIterator[Seen]:
        headers = {
            "authorization": f"Bearer {self.client.token()}",
            "accept": "text/event-stream",
            "last-event-id": str(after),
        }
        async with self.client.http.get(
            f"{self.client.url}/v1/events:stream",
            headers=headers,
            timeout=aiohttp.ClientTimeout(sock_connect=5.0, sock_read=SILENCE_SECONDS),
            read_bufsize=LINE_BYTES_MAX,
        ) as answer:
            answer.raise_for_status()
            position = 0
            async for line in answer.content:
                if line.startswith(b"id:"):
                    position = int(line[3:])
                elif line.startswith(b"data:") and position:
                    yield position, json.loads(line[5:])["id"]
                    position = 0


class SocketSubscriber(Subscriber):
    """The multiplexed WebSocket of the gateway, subscribed again behind the last position."""

    name = "websocket"

    async def read(self, after: int) -> AsyncIterator[Seen]:
        url = self.client.url.replace("http", "ws", 1) + "/v1/ws"
        headers = {"authorization": f"Bearer {self.client.token()}"}
        timeout = aiohttp.ClientWSTimeout(ws_close=1.0)
        async with self.client.http.ws_connect(
            url, headers=headers, timeout=timeout, max_msg_size=LINE_BYTES_MAX
        ) as socket:
            path = f"/v1/events:stream?after={after}"
            await socket.send_json({"type": "subscribe", "id": "events", "path": path})
            while True:
                message = await socket.receive(timeout=SILENCE_SECONDS)
                if message.type != aiohttp.WSMsgType.TEXT:
                    return
                told = json.loads(message.data)
                if told["type"] == "end":
                    return
                if told["type"] == "message":
                    yield int(told["data"]["position"]), told["data"]["id"]


class RoomSubscriber(Subscriber):
    """A gRPC stream of one process of the events room."""

    def __init__(self, client: Client, name: str, target: str) -> None:
        super().__init__(client)
        self.name = name
        self._target = target

    async def read(self, after: int) -> AsyncIterator[Seen]:
        call = self.client.log(self._target).StreamEvents(
            events_pb2.StreamEventsRequest(after=after)
        )
        try:
            while True:
                event = await asyncio.wait_for(call.read(), SILENCE_SECONDS)
                if event is grpc.aio.EOF:
                    return
                yield event.position, event.id
        finally:
            call.cancel()
