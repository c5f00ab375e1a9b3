"""What an operator sees live beside the events: one WebSocket for all tabs of a session."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

import structlog

from dashboard.formats import parse_time
from dashboard.gateway import Json
from dashboard.journal import Journal
from dashboard.sessions import Session, Sessions
from dashboard.streams import Streams
from dashboard.view import Sample, View

NOTIFY_SECONDS = 0.25
LINGER_SECONDS = 30.0
METRICS = (
    "system.cpu.utilization",
    "system.memory.utilization",
    "users.active",
    "http.server.requests",
)
PATHS = {
    "modules": "/v1/modules:stream",
    "metrics": f"/v1/metrics:stream?{urlencode([('metrics', name) for name in METRICS])}",
}
AWAY = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED"})

Listener = Callable[[], None]
log = structlog.get_logger()


class Hub:
    """Follows modules and measurements for one session while a page is open."""

    def __init__(self, sessions: Sessions, session: Session) -> None:
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._streams = Streams(
            sessions.gateway.url,
            partial(sessions.token, session),
            {name: partial(tell, path) for name, path in PATHS.items()},
            self._take,
            self._lose,
        )
        self.view = View()

    @property
    def connected(self) -> bool:
        return self._streams.connected

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` at most four times a second when something changed.

        Returns what ends it. The connection stays 30 seconds after the last listener.
        """
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return lambda: self._listeners.discard(listener)

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        tasks = [asyncio.create_task(work()) for work in (self._notify, self._streams.run)]
        try:
            idle = 0.0
            while idle < LINGER_SECONDS and not self.view.ended:
                await asyncio.sleep(1)
                idle = 0.0 if self._listeners else idle + 1
                # It ends when the session has.
                self.view.ended = self.view.ended or tasks[-1].done()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

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

    def _take(self, name: str, data: Json) -> None:
        if name == "modules":
            self._take_modules(data)
        else:
            self._take_samples(data)
        self._changed.set()

    def _lose(self, name: str, status: str) -> None:
        if name == "modules" and status in AWAY:
            self.view.lose_modules()
            self._changed.set()

    def _take_modules(self, data: Json) -> None:
        self.view.modules = data.get("modules", [])
        self.view.modules_time = datetime.now(UTC)

    def _take_samples(self, data: Json) -> None:
        for sample in data.get("samples", []):
            time = parse_time(sample.get("time"))
            if time is not None:
                taken = Sample(float(sample.get("value", 0)), sample.get("source", ""), time)
                self.view.samples[sample["metric"]] = taken


async def tell(path: str) -> str:
    return path


class Hubs:
    """The hubs of all sessions, and the journal that they share."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.journal = Journal(sessions)
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
        self.journal.close()
        for hub in self._known.values():
            hub.close()
