"""The events as they come: one stream from the gateway for all sessions."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from dashboard.gateway import Json
from dashboard.sessions import READERS, Session, Sessions, SignedOutError
from dashboard.streams import Streams

EVENTS_MAX = 50
BATCH_SECONDS = 0.1
CROWD, CROWD_SECONDS = 20, 0.15
LINGER_SECONDS = 30.0
EVENTS = "events"

EventListener = Callable[[Sequence[Json]], None]
log = structlog.get_logger()


class Journal:
    """Follows the log as long as somebody who may read it has a page open.

    Events come to all pages in order, each once. They are parsed once, and told in batches, so
    that a page has little to do for one. `events` are the newest, `head` is the position of the
    newest of all.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._listeners: dict[EventListener, Session] = {}
        self._task: asyncio.Task[None] | None = None
        self._batch: list[Json] = []
        self._batched = asyncio.Event()
        self._placed = asyncio.Event()
        self._streams = Streams(
            sessions.gateway.url, self._token, {EVENTS: self._path}, self._take, self._lose
        )
        self.events: deque[Json] = deque(maxlen=EVENTS_MAX)
        self.head = 0

    @property
    def connected(self) -> bool:
        return self._streams.connected and not self._streams.ended

    def listen(self, session: Session, listener: EventListener) -> Callable[[], None]:
        """Calls `listener` at most ten times a second with the events that came, the oldest first.

        Returns what ends it.
        """
        self._listeners[listener] = session
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

        def end() -> None:
            self._listeners.pop(listener, None)

        return end

    async def placed(self, seconds: float) -> None:
        """Waits until it is known from where on events are told, or for `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._placed.wait()

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        # Nobody was here, so nobody misses what happened since.
        self._placed.clear()
        self._batch.clear()
        self.events.clear()
        self.head = 0
        tasks = [asyncio.create_task(work()) for work in (self._tell, self._streams.run)]
        try:
            idle = 0.0
            while idle < LINGER_SECONDS and not tasks[-1].done():
                await asyncio.sleep(1)
                idle = 0.0 if self._listeners else idle + 1
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self) -> None:
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
        """Gives the token of somebody who looks, and who may.

        Raises:
            SignedOutError: There is nobody.
            GatewayError: The gateway is away.
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
            query = {"pageSize": EVENTS_MAX}
            found = await self._sessions.gateway.get("/v1/events", await self._token(), query)
            for event in reversed(found.get("events", [])):
                self._take(EVENTS, event)
            self._placed.set()
        return f"/v1/events:stream?after={self.head}"

    def _take(self, _: str, event: Json) -> None:
        position = int(event["position"])
        if position > self.head:
            self.head = position
            self.events.appendleft(event)
            self._batch.append(event)
            self._batched.set()

    def _lose(self, _: str, status: str) -> None:
        log.info("journal.lost", status=status)
