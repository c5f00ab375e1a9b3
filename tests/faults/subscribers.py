"""Subscribers that follow the log during a run. Each must see every position once, in order."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import aiohttp
import grpc
from libral.events.v1 import events_pb2

from tests.faults.client import AWAY_ERRORS, FaultClient
from tests.faults.tasks import cancel_tasks

SILENCE_SECONDS = 30.0
CONNECT_SECONDS = 5.0
AGAIN_SECONDS = 0.2
LINE_BYTES_MAX = 1024 * 1024
SHOWN_MAX = 20
Seen = tuple[int, str]
"""The position and the id of an event."""


class Subscriber:
    """Reads positions and ids of the log, and resumes after its last position."""

    def __init__(self, client: FaultClient, name: str) -> None:
        self.client = client
        self.name = name
        self.ids: list[str] = []
        self.defects: list[str] = []
        self.cuts = 0
        self.others: Sequence[Subscriber] = ()
        self._task: asyncio.Task[None] | None = None
        self._received_time = time.monotonic()

    @property
    def position(self) -> int:
        return len(self.ids)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        await cancel_tasks([self._task])

    async def _run(self) -> None:
        while True:
            try:
                async with aclosing(self.read(self.position)) as events:
                    while True:
                        self._take(*await asyncio.wait_for(anext(events), SILENCE_SECONDS))
            except StopAsyncIteration:
                pass
            except (*AWAY_ERRORS, grpc.aio.AioRpcError):
                self._check_silence()
            self.cuts += 1
            await asyncio.sleep(AGAIN_SECONDS)

    def _check_silence(self) -> None:
        """Report a stream without events while other subscribers have received more."""
        silent = time.monotonic() - self._received_time
        if silent >= SILENCE_SECONDS and any(each.position > self.position for each in self.others):
            self.defects.append(
                f"{self.name} received nothing for {silent:.0f} s at {self.position}"
            )

    def _take(self, position: int, event_id: str) -> None:
        self._received_time = time.monotonic()
        expected = self.position + 1
        if position == expected:
            self.ids.append(event_id)
            return
        if len(self.defects) < SHOWN_MAX:
            what = "again" if position < expected else f"and not {expected}"
            self.defects.append(f"{self.name} saw {position} {what}")
        # Fill gaps with empty ids and drop repeats, to continue at the next position.
        self.ids += [""] * (position - expected) + [event_id] * (position > expected)

    def read(self, after: int) -> AsyncGenerator[Seen, None]:
        raise NotImplementedError


class SseSubscriber(Subscriber):
    """Server-sent events through the gateway, resumed by Last-Event-ID."""

    async def read(self, after: int) -> AsyncGenerator[Seen, None]:
        headers = {
            "authorization": f"Bearer {self.client.token()}",
            "accept": "text/event-stream",
            "last-event-id": str(after),
        }
        async with self.client.http.get(
            f"{self.client.url}/v1/events:stream",
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            read_bufsize=LINE_BYTES_MAX,
        ) as response:
            response.raise_for_status()
            position = 0
            async for line in response.content:
                if line.startswith(b"id:"):
                    position = int(line[3:])
                elif line.startswith(b"data:") and position:
                    yield position, json.loads(line[5:])["id"]
                    position = 0


class SocketSubscriber(Subscriber):
    """The multiplexed WebSocket of the gateway, resumed after the last position."""

    async def read(self, after: int) -> AsyncGenerator[Seen, None]:
        url = self.client.url.replace("http", "ws", 1) + "/v1/ws"
        headers = {"authorization": f"Bearer {self.client.token()}"}
        timeout = aiohttp.ClientWSTimeout(ws_close=1.0)
        async with self.client.http.ws_connect(
            url, headers=headers, timeout=timeout, max_msg_size=LINE_BYTES_MAX
        ) as socket:
            path = f"/v1/events:stream?after={after}"
            await socket.send_json({"type": "subscribe", "id": "events", "path": path})
            while True:
                message = await socket.receive()
                if message.type != aiohttp.WSMsgType.TEXT:
                    return
                frame = json.loads(message.data)
                if frame["type"] == "end":
                    return
                if frame["type"] == "message":
                    yield int(frame["data"]["position"]), frame["data"]["id"]


class GrpcSubscriber(Subscriber):
    """A gRPC stream of one process of the events service."""

    def __init__(self, client: FaultClient, name: str, target: str) -> None:
        super().__init__(client, name)
        self._target = target

    async def read(self, after: int) -> AsyncGenerator[Seen, None]:
        call = self.client.log(self._target).StreamEvents(
            events_pb2.StreamEventsRequest(after=after)
        )
        try:
            while True:
                event = await call.read()
                if event is grpc.aio.EOF:
                    return
                yield event.position, event.id
        finally:
            call.cancel()


def subscribe(client: FaultClient, targets: Sequence[str]) -> list[Subscriber]:
    """Start a subscriber of each kind."""
    subscribers: list[Subscriber] = [
        SseSubscriber(client, "sse"),
        SocketSubscriber(client, "websocket"),
        *(GrpcSubscriber(client, f"grpc-{n}", target) for n, target in enumerate(targets, 1)),
    ]
    for subscriber in subscribers:
        subscriber.others = subscribers
        subscriber.start()
    return subscribers
