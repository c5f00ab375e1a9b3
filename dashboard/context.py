"""What pages work with: the context that all share, and the context of one open page.

A page reads from the gateway through `PageContext.api`, follows live data through its
subscriptions, and runs its loading through `load`. All of it ends when the page is closed.
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
from dashboard.event_rows import EventRows
from dashboard.live_state import LiveState
from dashboard.sessions import Session, Sessions, SignedOutError

TICK_SECONDS = 1.0
CHECK_SECONDS = 1.0


@dataclass(frozen=True)
class AppContext:
    """What all pages share."""

    sessions: Sessions
    connections: GatewayConnections
    rows: EventRows
    zone: ZoneInfo

    def api(self, session: Session) -> GatewayApi:
        """Return the gateway's API with the token of a session."""
        return GatewayApi(self.sessions.http, partial(self.sessions.token, session))


@dataclass(frozen=True)
class PageContext:
    """One page that an operator has open."""

    app: AppContext
    session: Session
    connection: GatewayConnection
    api: GatewayApi
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @classmethod
    def open(cls, app: AppContext, session: Session) -> "PageContext":
        """Return the context of the page that is being built. It closes with the page."""
        page = cls(app, session, app.connections.of(session), app.api(session))
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
        """True while both the live state and the events are received."""
        return self.connection.connected and self.event_cache.connected

    def follow(self, refresh: Callable[[], None]) -> None:
        """Call `refresh` when the live state changed, and every second for the ages in it."""
        client = ui.context.client

        def guarded() -> None:
            with client:
                if self.state.ended:
                    leave()
                refresh()

        client.on_delete(self.connection.listen(guarded))
        ui.timer(TICK_SECONDS, guarded)

    def follow_events(self, take: Callable[[Sequence[Event]], None]) -> None:
        """Call `take` with events that arrive, oldest first, at most ten times a second."""
        client = ui.context.client

        def guarded(events: Sequence[Event]) -> None:
            with client:
                take(events)

        client.on_delete(self.event_cache.listen(self.session, guarded))

    def on_events(self, matches: Callable[[Event], bool], act: Callable[[], None]) -> None:
        """Call `act` when events arrived that match, at most once a second."""
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

        The message of a GatewayError shows in `problem`, if there is one. If the session has
        ended, the page goes to the sign-in.
        """
        client = ui.context.client

        async def run() -> None:
            with client:
                message = ""
                try:
                    await work()
                except SignedOutError:
                    leave()
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


def leave() -> None:
    """Send the page to the sign-in, because its session has ended."""
    ui.navigate.to(f"{paths.SIGN_IN}?error=ended")
