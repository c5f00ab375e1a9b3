"""Base of calls that the gateway may end, once and with a status."""

import asyncio
from collections.abc import Callable

from gateway.calls.requests import STREAM_SECONDS_MAX
from gateway.http.errors import CANCELLED, StatusError, failure


class Closable:
    """A call that the gateway may end."""

    def __init__(self) -> None:
        self.ended: StatusError | None = None
        self._timers: list[asyncio.TimerHandle] = []

    def end(self, error: StatusError) -> None:
        """End the call with this error, unless it has ended already."""
        if self.ended is None:
            self.ended = error
            self.on_end()

    def end_after(self, seconds: float, error: Callable[[], StatusError]) -> None:
        """End the call after `seconds`, unless that exceeds the maximum duration of a call."""
        if seconds < STREAM_SECONDS_MAX:
            loop = asyncio.get_running_loop()
            self._timers.append(loop.call_later(max(seconds, 0.0), lambda: self.end(error())))

    def end_by_client(self) -> None:
        """End the call because its client is gone, and cancel its timers."""
        for timer in self._timers:
            timer.cancel()
        self.end(failure(CANCELLED, "CLIENT_GONE", "The client closed the call."))

    def raise_ended(self) -> None:
        if self.ended is not None:
            raise self.ended

    def on_end(self) -> None:
        """Release what the call holds. Called once, when it is ended."""
        raise NotImplementedError
