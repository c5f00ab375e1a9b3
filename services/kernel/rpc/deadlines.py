"""A timeout for the body of a `with` statement, cheaper than `asyncio.timeout`.

`asyncio.timeout` looks up the running loop three times, each with a system call in Python 3.11.
Every unary call has a deadline.
"""

import asyncio
from types import TracebackType
from typing import Any


class Deadline:
    """A context manager that cancels the current task after `seconds` and raises TimeoutError.

    Another cancellation passes unchanged.
    """

    __slots__ = ("_cancelling", "_expired", "_loop", "_seconds", "_task", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._expired = False

    def __enter__(self) -> None:
        task: Any = asyncio.current_task(self._loop)
        self._task, self._cancelling = task, task.cancelling()
        self._timer = self._loop.call_later(self._seconds, self._expire)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if not self._expired:
            return
        if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()
