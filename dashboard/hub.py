"""What an operator sees live: one WebSocket to the gateway for all tabs of a session."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlencode

import orjson
import structlog
import websockets

from dashboard.formats import parse_time
from dashboard.gateway import GatewayError, Json
from dashboard.sessions import Session, Sessions, SignedOutError
from dashboard.view import EVENTS_MAX, Sample, View

RETRY_SECONDS = (0.3, 0.6, 1.0, 2.0, 3.0)
NOTIFY_SECONDS = 0.25
BATCH_SECONDS = 0.1
LINGER_SECONDS = 30.0
RESUBSCRIBE_SECONDS = 0.5
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
METRICS = (
    "system.cpu.utilization",
    "system.memory.utilization",
    "users.active",
    "http.server.requests",
)
EVENTS = "events"
STREAMS = {
    EVENTS: "/v1/events:stream?after={head}",
    "modules": "/v1/modules:stream",
    "metrics": f"/v1/metrics:stream?{urlencode([('metrics', name) for name in METRICS])}",
}
AWAY = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED"})

Listener = Callable[[], None]
EventListener = Callable[[Sequence[Json]], None]
log = structlog.get_logger()


class Hub:
    """Follows events, modules and measurements for one session while a page is open.

    Events come to all pages in order, each once. They are parsed once, and told in batches, so
    that a page has little to do for one.
    """

    def __init__(self, sessions: Sessions, session: Session) -> None:
        self._sessions = sessions
        self._session = session
        self._listeners: set[Listener] = set()
        self._event_listeners: set[EventListener] = set()
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._batch: list[Json] = []
        self._batched = asyncio.Event()
        self._placed = asyncio.Event()
        self._openings: set[asyncio.Task[None]] = set()
        self.view = View()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` at most four times a second when more than the events changed.

        Returns what ends it. The connection stays 30 seconds after the last listener.
        """
        self._listeners.add(listener)
        self._start()
        return lambda: self._listeners.discard(listener)

    def listen_to_events(self, listener: EventListener) -> Callable[[], None]:
        """Calls `listener` at most ten times a second with the events that came, the oldest first.

        Returns what ends it.
        """
        self._event_listeners.add(listener)
        self._start()
        return lambda: self._event_listeners.discard(listener)

    async def placed(self, seconds: float) -> None:
        """Waits until it is known from where on events are told, or for `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._placed.wait()

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        # Nobody was here, so nobody misses what happened since.
        self._placed.clear()
        self._batch.clear()
        self.view.head = 0
        self.view.events.clear()
        tasks = [asyncio.create_task(work()) for work in (self._notify, self._tell, self._follow)]
        try:
            idle = 0.0
            while idle < LINGER_SECONDS and not self.view.ended:
                await asyncio.sleep(1)
                idle = 0.0 if self._listeners or self._event_listeners else idle + 1
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.view.connected = False

    async def _notify(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            for listener in list(self._listeners):
                try:
                    listener()
                except Exception:
                    log.exception("listener.failed")
            await asyncio.sleep(NOTIFY_SECONDS)

    async def _tell(self) -> None:
        while True:
            await self._batched.wait()
            self._batched.clear()
            batch, self._batch = self._batch, []
            for listener in list(self._event_listeners):
                try:
                    listener(batch)
                except Exception:
                    log.exception("listener.failed")
            await asyncio.sleep(BATCH_SECONDS)

    async def _follow(self) -> None:
        tries = 0
        while True:
            try:
                await self._connect()
            except SignedOutError:
                self.view.ended = True
            except (OSError, ValueError, GatewayError, websockets.WebSocketException) as error:
                log.info("hub.reconnect", error=type(error).__name__)
            finally:
                for task in self._openings:
                    task.cancel()
            tries = 0 if self.view.connected else tries + 1
            self.view.connected = False
            self._changed.set()
            await asyncio.sleep(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])

    async def _connect(self) -> None:
        """Follows until the connection is lost."""
        token = await self._sessions.token(self._session)
        url = self._sessions.gateway.url.replace("http", "ws", 1) + "/v1/ws"
        async with websockets.connect(
            url,
            additional_headers={"authorization": f"Bearer {token}"},
            max_size=MESSAGE_BYTES_MAX,
            open_timeout=5,
            compression=None,
            proxy=None,
        ) as socket:
            for name in STREAMS:
                self._open(socket, name)
            while True:
                self._take(socket, orjson.loads(await socket.recv(decode=False)))

    def _open(self, socket: websockets.ClientConnection, name: str, wait: float = 0) -> None:
        task = asyncio.create_task(self._subscribe(socket, name, wait))
        self._openings.add(task)
        task.add_done_callback(self._openings.discard)

    async def _subscribe(self, socket: websockets.ClientConnection, name: str, wait: float) -> None:
        """Opens a stream, again and again while its room is away."""
        with suppress(websockets.WebSocketException):
            while True:
                await asyncio.sleep(wait)
                wait = RESUBSCRIBE_SECONDS
                try:
                    token = await self._sessions.token(self._session)
                    await say(socket, type="authenticate", token=token)
                    if name == EVENTS and not self._placed.is_set():
                        await self._load_events(token)
                except GatewayError:
                    continue
                except SignedOutError:
                    self.view.ended = True
                path = STREAMS[name].format(head=self.view.head)
                return await say(socket, type="subscribe", id=name, path=path)

    def _take(self, socket: websockets.ClientConnection, message: Json) -> None:
        kind, name = message["type"], message.get("id")
        if kind == "message":
            if name != EVENTS or not self.view.connected:
                self.view.connected = True
                self._changed.set()
            take = {
                EVENTS: self._take_event,
                "modules": self._take_modules,
                "metrics": self._take_samples,
            }[message["id"]]
            take(message["data"])
        elif kind == "end":
            if name == "modules" and message["status"]["status"] in AWAY:
                self.view.lose_modules()
                self._changed.set()
            self._open(socket, message["id"], RESUBSCRIBE_SECONDS)

    def _take_event(self, event: Json) -> None:
        position = int(event["position"])
        if position > self.view.head:
            self.view.head = position
            self.view.events.appendleft(event)
            self._batch.append(event)
            self._batched.set()

    def _take_modules(self, data: Json) -> None:
        self.view.modules = data.get("modules", [])
        self.view.modules_time = datetime.now(UTC)

    def _take_samples(self, data: Json) -> None:
        for sample in data.get("samples", []):
            time = parse_time(sample.get("time"))
            if time is not None:
                taken = Sample(float(sample.get("value", 0)), sample.get("source", ""), time)
                self.view.samples[sample["metric"]] = taken

    async def _load_events(self, token: str) -> None:
        query = {"pageSize": EVENTS_MAX}
        found = await self._sessions.gateway.get("/v1/events", token, query)
        for event in reversed(found.get("events", [])):
            self._take_event(event)
        self._placed.set()


async def say(socket: websockets.ClientConnection, **message: str) -> None:
    await socket.send(orjson.dumps(message).decode())


class Hubs:
    """The hubs of all sessions."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._known: dict[str, Hub] = {}

    def of(self, session: Session) -> Hub:
        hub = self._known.get(session.id)
        if hub is None:
            hub = self._known[session.id] = Hub(self._sessions, session)
        return hub

    def forget(self, session: Session) -> None:
        hub = self._known.pop(session.id, None)
        if hub is not None:
            hub.view.ended = True
            hub.close()

    def close(self) -> None:
        for hub in self._known.values():
            hub.close()
