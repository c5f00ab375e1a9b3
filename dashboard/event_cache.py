"""The newest events of the log: one stream from the gateway, shared by all sessions.

The stream is open while a page of an operator with a role that may read events is. Events are
parsed once and given to all pages in batches, in order, each event once.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from dashboard.api.client import GatewayApi
from dashboard.api.events import Event
from dashboard.api.fields import Json
from dashboard.sessions import READERS, Session, Sessions, SignedOutError
from dashboard.streams import Streams

EVENTS_MAX = 50
BATCH_SECONDS = 0.1
CROWD, CROWD_SECONDS = 20, 0.15
LINGER_SECONDS = 30.0
EVENTS = "events"

EventListener = Callable[[Sequence[Event]], None]
log = structlog.get_logger()


class EventCache:
    """Keeps the newest events, and calls listeners with those that arrive.

    `events` are the newest first. `head` is the position of the newest.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._api = GatewayApi(sessions.http, self._token)
        self._listeners: dict[EventListener, Session] = {}
        self._task: asyncio.Task[None] | None = None
        self._batch: list[Event] = []
        self._batched = asyncio.Event()
        self._placed = asyncio.Event()
        self._streams = Streams(
            sessions.http.url, self._token, {EVENTS: self._path}, self._take, self._lose
        )
        self.events: deque[Event] = deque(maxlen=EVENTS_MAX)
        self.head = 0

    @property
    def connected(self) -> bool:
        return self._streams.connected and not self._streams.ended

    def listen(self, session: Session, listener: EventListener) -> Callable[[], None]:
        """Call `listener` with events that arrive, oldest first, at most ten times a second.

        Return the function that ends this.
        """
        self._listeners[listener] = session
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

        def end() -> None:
            self._listeners.pop(listener, None)

        return end

    async def placed(self, seconds: float) -> None:
        """Wait until the position is known from which events arrive, at most `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._placed.wait()

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        # There was no listener before, so no listener misses the events since then.
        self._placed.clear()
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
            await asyncio.sleep(BATCH_SECONDS if len(batch) < CROWD else CROWD_SECONDS)

    async def _token(self) -> str:
        """Return the token of a session that listens and may read events.

        Raises:
            SignedOutError: There is none.
            GatewayError: The gateway does not answer.
        """
        for session in reversed({one.id: one for one in self._listeners.values()}.values()):
            with suppress(SignedOutError):
                token = await self._sessions.token(session)
                if self._may_read(session):
                    return token
        raise SignedOutError

    def _may_read(self, session: Session) -> bool:
        return self._sessions.find(session.id) is session and bool(READERS & set(session.roles))

    async def _path(self) -> str:
        if not self._placed.is_set():
            newest = await self._api.list_events({"pageSize": EVENTS_MAX})
            for event in reversed(newest.items):
                self._add(event)
            self._placed.set()
        return f"/v1/events:stream?after={self.head}"

    def _take(self, _: str, found: Json) -> None:
        self._add(Event.parse(found))

    def _add(self, event: Event) -> None:
        if event.position > self.head:
            self.head = event.position
            self.events.appendleft(event)
            self._batch.append(event)
            self._batched.set()

    def _lose(self, _: str, status: str) -> None:
        log.info("event_cache.lost", status=status)
