"""The application context that all pages share, and the context of one open page.

A page reads through `PageContext.api`, subscribes to live data, and loads in the background with
`load`. Closing the page ends all of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from nicegui import background_tasks, ui

from dashboard import paths
from dashboard.api.client import GatewayApi
from dashboard.api.events import Event
from dashboard.api.http import GatewayError
from dashboard.connection import GatewayConnection, GatewayConnections
from dashboard.event_cache import EventCache
from dashboard.event_rows import EventRowCache
from dashboard.live_state import LiveState
from dashboard.sessions import OperatorSession, SessionStore, SignedOutError

TICK_SECONDS = 1.0
CHECK_SECONDS = 1.0


@dataclass(frozen=True)
class AppContext:
    """The objects that all pages share."""

    sessions: SessionStore
    connections: GatewayConnections
    rows: EventRowCache
    zone: ZoneInfo

    def api(self, session: OperatorSession) -> GatewayApi:
        """Return the API client with the token of a session."""
        return GatewayApi(self.sessions.http, partial(self.sessions.token, session))


@dataclass(frozen=True)
class PageContext:
    """One open page of an operator."""

    app: AppContext
    session: OperatorSession
    connection: GatewayConnection
    api: GatewayApi
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @classmethod
    def open(cls, app: AppContext, session: OperatorSession) -> "PageContext":
        """Return the context of the page that is being built. It closes with the page."""
        page = cls(app, session, app.connections.connection_of(session), app.api(session))
        ui.context.client.on_delete(page.close)
        return page

    @property
    def zone(self) -> ZoneInfo:
        return self.app.zone

    @property
    def state(self) -> LiveState:
        return self.connection.state

    @property
    def event_cache(self) -> EventCache:
        return self.app.connections.event_cache

    @property
    def connected(self) -> bool:
        """True while both the live state and the events are being received."""
        return self.connection.connected and self.event_cache.connected

    def follow(self, refresh: Callable[[], None]) -> None:
        """Call `refresh` after changes of the live state, and every second to update ages."""
        client = ui.context.client

        def guarded() -> None:
            with client:
                if self.state.ended:
                    go_to_sign_in()
                refresh()

        client.on_delete(self.connection.listen(guarded))
        ui.timer(TICK_SECONDS, guarded)

    def follow_events(self, take: Callable[[Sequence[Event]], None]) -> None:
        """Call `take` with new events, oldest first, at most ten times a second."""
        client = ui.context.client

        def guarded(events: Sequence[Event]) -> None:
            with client:
                take(events)

        client.on_delete(self.event_cache.listen(self.session, guarded))

    def on_events(self, matches: Callable[[Event], bool], act: Callable[[], None]) -> None:
        """Call `act` after matching events have arrived, at most once a second."""
        due = False

        def note(events: Sequence[Event]) -> None:
            nonlocal due
            due = due or any(map(matches, events))

        def check() -> None:
            nonlocal due
            if due:
                due = False
                act()

        self.follow_events(note)
        ui.timer(CHECK_SECONDS, check)

    def load(self, work: Callable[[], Awaitable[None]], problem: ui.label | None = None) -> None:
        """Run `work` in the background until the page is closed.

        The message of a GatewayError is shown in `problem`, if given. If the session has ended, the
        page navigates to the sign-in.
        """
        client = ui.context.client

        async def run() -> None:
            with client:
                message = ""
                try:
                    await work()
                except SignedOutError:
                    go_to_sign_in()
                except GatewayError as error:
                    message = error.message
                if problem is not None:
                    problem.text = message
                    problem.visible = bool(message)

        task: asyncio.Task[Any] = background_tasks.create(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()


def go_to_sign_in() -> None:
    """Navigate to the sign-in page because the session has ended."""
    ui.navigate.to(f"{paths.SIGN_IN}?error=ended")
