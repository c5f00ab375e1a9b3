"""Endings: what lets the gateway end a call of its own accord, once and with a status."""

import asyncio
from collections.abc import Callable

from gateway.calls.requests import STREAM_SECONDS_MAX
from gateway.http.errors import CANCELLED, StatusError, failure


class Closable:
    """A call that may be ended from here."""

    def __init__(self) -> None:
        self.ended: StatusError | None = None
        self._timers: list[asyncio.TimerHandle] = []

    def end(self, error: StatusError) -> None:
        """End the call: its reader gets this error."""
        if self.ended is None:
            self.ended = error
            self.on_end()

    def end_after(self, seconds: float, error: Callable[[], StatusError]) -> None:
        """End the call in so many seconds, unless no call lasts as long."""
        if seconds < STREAM_SECONDS_MAX:
            loop = asyncio.get_running_loop()
            self._timers.append(loop.call_later(max(seconds, 0.0), lambda: self.end(error())))

    def end_by_client(self) -> None:
        """End the call because nobody reads it any more."""
        for timer in self._timers:
            timer.cancel()
        self.end(failure(CANCELLED, "CLIENT_GONE", "The client closed the call."))

    def raise_ended(self) -> None:
        if self.ended is not None:
            raise self.ended

    def on_end(self) -> None:
        """What else an end brings about."""
        raise NotImplementedError
