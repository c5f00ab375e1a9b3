"""The newest events of the log, from one stream of the gateway shared by all sessions.

The stream is open while an operator with a role that may read events has a page open. Events are
parsed once and delivered to all pages in batches, in order, each exactly once.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from dashboard.api.client import GatewayApi
from dashboard.api.events import Event
from dashboard.api.fields import Json
from dashboard.sessions import READERS, OperatorSession, SessionStore, SignedOutError
from dashboard.streams import Streams

EVENTS_MAX = 50
BATCH_SECONDS = 0.1
LARGE_BATCH, LARGE_BATCH_SECONDS = 20, 0.15
LINGER_SECONDS = 30.0
EVENTS = "events"

EventListener = Callable[[Sequence[Event]], None]
log = structlog.get_logger()


class EventCache:
    """Keeps the newest events and passes new ones to listeners.

    `events` are newest first. `head` is the position of the newest event.
    """

    def __init__(self, sessions: SessionStore) -> None:
        self._sessions = sessions
        self._api = GatewayApi(sessions.http, self._token)
        self._listeners: dict[EventListener, OperatorSession] = {}
        self._task: asyncio.Task[None] | None = None
        self._batch: list[Event] = []
        self._batched = asyncio.Event()
        self._loaded = asyncio.Event()
        self._streams = Streams(
            sessions.http.url, self._token, {EVENTS: self._path}, self._on_message, self._on_end
        )
        self.events: deque[Event] = deque(maxlen=EVENTS_MAX)
        self.head = 0

    @property
    def connected(self) -> bool:
        return self._streams.connected and not self._streams.ended

    def listen(self, session: OperatorSession, listener: EventListener) -> Callable[[], None]:
        """Call `listener` with new events, oldest first, at most ten times a second.

        Return the function that unsubscribes it.
        """
        self._listeners[listener] = session
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

        def end() -> None:
            self._listeners.pop(listener, None)

        return end

    async def wait_until_loaded(self, seconds: float) -> None:
        """Wait until the newest events of the log are loaded, at most `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._loaded.wait()

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        # Without listeners, nothing is lost by starting again from the newest events.
        self._loaded.clear()
        self._batch.clear()
        self.events.clear()
        self.head = 0
        tasks = [asyncio.create_task(work()) for work in (self._notify, self._streams.run)]
        try:
            idle = 0.0
            while idle < LINGER_SECONDS and not tasks[-1].done():
                await asyncio.sleep(1)
                idle = 0.0 if self._listeners else idle + 1
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _notify(self) -> None:
        while True:
            await self._batched.wait()
            self._batched.clear()
            batch, self._batch = self._batch, []
            for listener, session in list(self._listeners.items()):
                try:
                    if self._may_read(session):
                        listener(batch)
                except Exception:
                    log.exception("listener.failed")
            await asyncio.sleep(BATCH_SECONDS if len(batch) < LARGE_BATCH else LARGE_BATCH_SECONDS)

    async def _token(self) -> str:
        """Return the token of a listening session that may read events.

        Raises:
            SignedOutError: There is no such session.
            GatewayError: The gateway does not respond.
        """
        for session in reversed({one.id: one for one in self._listeners.values()}.values()):
            with suppress(SignedOutError):
                token = await self._sessions.token(session)
                if self._may_read(session):
                    return token
        raise SignedOutError

    def _may_read(self, session: OperatorSession) -> bool:
        return self._sessions.find_session(session.id) is session and bool(
            READERS & set(session.roles)
        )

    async def _path(self) -> str:
        if not self._loaded.is_set():
            newest = await self._api.list_events({"pageSize": EVENTS_MAX})
            for event in reversed(newest.items):
                self._add(event)
            self._loaded.set()
        return f"/v1/events:stream?after={self.head}"

    def _on_message(self, _: str, found: Json) -> None:
        self._add(Event.parse(found))

    def _add(self, event: Event) -> None:
        if event.position > self.head:
            self.head = event.position
            self.events.appendleft(event)
            self._batch.append(event)
            self._batched.set()

    def _on_end(self, _: str, status: str) -> None:
        log.info("event_cache.lost", status=status)
