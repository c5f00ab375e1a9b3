"""The live connection of a session to the gateway, shared by all its tabs.

Each session has one WebSocket with its operator's token, which stays open while a page is open.
Messages update a `LiveState`; the pages are notified of changes.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlencode

import structlog

from dashboard.api.fields import Json
from dashboard.api.metrics import parse_samples
from dashboard.api.modules import parse_modules
from dashboard.event_cache import EventCache
from dashboard.live_state import LiveState
from dashboard.sessions import OperatorSession, SessionStore
from dashboard.streams import Streams

NOTIFY_SECONDS = 0.25
LINGER_SECONDS = 30.0
MODULES, METRICS = "modules", "metrics"
UNREACHABLE = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED"})

Listener = Callable[[], None]
log = structlog.get_logger()


class GatewayConnection:
    """Follows modules and metrics for one session while a page is open."""

    def __init__(
        self, sessions: SessionStore, session: OperatorSession, metrics: Sequence[str]
    ) -> None:
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        paths = {
            MODULES: "/v1/modules:stream",
            METRICS: f"/v1/metrics:stream?{urlencode([('metrics', name) for name in metrics])}",
        }
        self._streams = Streams(
            sessions.http.url,
            partial(sessions.token, session),
            {name: partial(fixed_path, path) for name, path in paths.items()},
            self._on_message,
            self._on_end,
        )
        self.state = LiveState()

    @property
    def connected(self) -> bool:
        return self._streams.connected

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after changes, at most four times a second.

        Return the function that unsubscribes it. The connection closes 30 seconds after the last
        listener has left.
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
            while idle < LINGER_SECONDS and not self.state.ended:
                await asyncio.sleep(1)
                idle = 0.0 if self._listeners else idle + 1
                # The streams end when the session has ended.
                self.state.ended = self.state.ended or tasks[-1].done()
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

    def _on_message(self, name: str, data: Json) -> None:
        if name == MODULES:
            self.state.set_modules(parse_modules(data))
        else:
            self.state.add_samples(parse_samples(data))
        self._changed.set()

    def _on_end(self, name: str, status: str) -> None:
        if name == MODULES and status in UNREACHABLE:
            self.state.mark_metrics_service_unreachable()
            self._changed.set()


async def fixed_path(path: str) -> str:
    """Return the path of a stream that has no cursor."""
    return path


class GatewayConnections:
    """The connections of all sessions, and the event cache that they share."""

    def __init__(self, sessions: SessionStore, metrics: Sequence[str]) -> None:
        self._sessions = sessions
        self._metrics = metrics
        self._known: dict[str, GatewayConnection] = {}
        self.event_cache = EventCache(sessions)

    def connection_of(self, session: OperatorSession) -> GatewayConnection:
        """Return the connection of a session. It opens with its first listener."""
        known = self._known.get(session.id)
        if known is None:
            known = GatewayConnection(self._sessions, session, self._metrics)
            self._known[session.id] = known
        return known

    def forget(self, session: OperatorSession) -> None:
        """Close the connection of a session that has ended."""
        connection = self._known.pop(session.id, None)
        if connection is not None:
            connection.state.ended = True
            connection.close()

    def close(self) -> None:
        self.event_cache.close()
        for connection in self._known.values():
            connection.close()
