"""What an operator sees live: one WebSocket to the gateway for all tabs of a session."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

import structlog
import websockets

from dashboard.formats import parse_time
from dashboard.gateway import GatewayError, Json
from dashboard.sessions import Session, Sessions, SignedOutError

EVENTS_MAX = 200
RETRY_SECONDS = (0.3, 0.6, 1.0, 2.0, 3.0)
NOTIFY_SECONDS = 0.25
LINGER_SECONDS = 30.0
RESUBSCRIBE_SECONDS = 0.5
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
STALE_SECONDS = 20.0
METRICS = (
    "system.cpu.utilization",
    "system.memory.utilization",
    "users.active",
    "http.server.requests",
)

METRICS_MODULE = "modules/metrics"
AWAY = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED"})

Listener = Callable[[], None]
log = structlog.get_logger()


@dataclass(frozen=True)
class Sample:
    """A measurement and when it was made."""

    value: float
    source: str
    time: datetime

    def age(self) -> float:
        return max(0.0, (datetime.now(UTC) - self.time).total_seconds())

    @property
    def fresh(self) -> bool:
        return self.age() <= STALE_SECONDS


@dataclass
class View:
    """The newest that is known. `modules_time` is when the modules were last told of."""

    connected: bool = False
    ended: bool = False
    samples: dict[str, Sample] = field(default_factory=dict[str, Sample])
    modules: list[Json] = field(default_factory=list[Json])
    modules_time: datetime | None = None
    events: deque[Json] = field(default_factory=lambda: deque(maxlen=EVENTS_MAX))
    head: int = 0

    def sample(self, metric: str) -> Sample | None:
        """Gives the newest measurement, unless it is stale."""
        found = self.samples.get(metric)
        return found if found is not None and found.fresh else None

    def fresh_modules(self) -> list[Json] | None:
        """Gives the modules, or None when nobody has told of them lately."""
        if self.modules_time is None:
            return None
        age = (datetime.now(UTC) - self.modules_time).total_seconds()
        return self.modules if age <= STALE_SECONDS else None

    def lose_modules(self) -> None:
        """Notes that the metrics room, which tells of the modules, does not answer."""
        lost = {"state": "STATE_UNSPECIFIED", "reason": "", "actions": []}
        own = {"state": "ERROR", "reason": "It does not serve.", "actions": []}
        self.modules = [
            module | (own if module["name"] == METRICS_MODULE else lost) for module in self.modules
        ]
        self.modules_time = datetime.now(UTC)


class Hub:
    """Follows events, modules and measurements for one session while a page is open."""

    def __init__(self, sessions: Sessions, session: Session) -> None:
        self._sessions = sessions
        self._session = session
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.view = View()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` at most four times a second when something changed.

        Returns what ends it. The connection stays 30 seconds after the last listener.
        """
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

        def end() -> None:
            self._listeners.discard(listener)

        return end

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        notifier = asyncio.create_task(self._notify())
        follower = asyncio.create_task(self._follow())
        try:
            idle = 0.0
            while idle < LINGER_SECONDS and not self.view.ended:
                await asyncio.sleep(1)
                idle = 0.0 if self._listeners else idle + 1
        finally:
            for task in (notifier, follower):
                task.cancel()
            await asyncio.gather(notifier, follower, return_exceptions=True)
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

    async def _follow(self) -> None:
        tries = 0
        while True:
            try:
                await self._connect()
                tries = 0
            except SignedOutError:
                self.view.ended = True
            except (OSError, TimeoutError, GatewayError, websockets.WebSocketException) as error:
                log.info("hub.reconnect", error=type(error).__name__)
            tries = 0 if self.view.connected else tries + 1
            self.view.connected = False
            self._changed.set()
            await asyncio.sleep(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])

    async def _connect(self) -> None:
        """Follows until the connection is lost."""
        token = await self._sessions.token(self._session)
        if not self.view.head:
            await self._load_events(token)
        url = self._sessions.gateway.url.replace("http", "ws", 1) + "/v1/ws"
        async with websockets.connect(
            url,
            additional_headers={"authorization": f"Bearer {token}"},
            max_size=MESSAGE_BYTES_MAX,
            open_timeout=5,
            proxy=None,
        ) as socket:
            for name in self._paths():
                await self._subscribe(socket, name)
            async for message in socket:
                await self._take(socket, json.loads(message))

    def _paths(self) -> Mapping[str, str]:
        metrics = urlencode([("metrics", name) for name in METRICS])
        return {
            "events": f"/v1/events:stream?after={self.view.head}",
            "modules": "/v1/modules:stream",
            "metrics": f"/v1/metrics:stream?{metrics}",
        }

    async def _subscribe(self, socket: websockets.ClientConnection, name: str) -> None:
        path = self._paths()[name]
        await socket.send(json.dumps({"type": "subscribe", "id": name, "path": path}))

    async def _take(self, socket: websockets.ClientConnection, message: Json) -> None:
        if message["type"] == "message":
            self.view.connected = True
            take = {
                "events": self._take_event,
                "modules": self._take_modules,
                "metrics": self._take_samples,
            }[message["id"]]
            take(message["data"])
            self._changed.set()
        elif message["type"] == "end":
            if message["id"] == "modules" and message["status"]["status"] in AWAY:
                self.view.lose_modules()
                self._changed.set()
            await self._resume(socket, message["id"])

    async def _resume(self, socket: websockets.ClientConnection, name: str) -> None:
        """Opens a stream again that ended: a room was restarted, or the token expired."""
        await asyncio.sleep(RESUBSCRIBE_SECONDS)
        token = await self._sessions.token(self._session)
        await socket.send(json.dumps({"type": "authenticate", "token": token}))
        await self._subscribe(socket, name)

    def _take_event(self, event: Json) -> None:
        position = int(event["position"])
        if position > self.view.head:
            self.view.head = position
            self.view.events.appendleft(event)

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
        query = {"pageSize": 50}
        found = await self._sessions.gateway.get("/v1/events", token, query)
        for event in reversed(found.get("events", [])):
            self._take_event(event)


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
