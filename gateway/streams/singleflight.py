"""Flights: identical reads that wait for one answer of the upstream."""

import asyncio
from collections.abc import Awaitable, Callable

from gateway.http.errors import StatusError
from gateway.http.messages import Request, Response

Key = tuple[object, ...]

# What tells requests apart and changes no answer.
INDIFFERENT = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "host",
        "if-none-match",
        "origin",
        "referer",
        "traceparent",
        "tracestate",
        "user-agent",
        "x-forwarded-for",
        "x-request-id",
    }
)


class RequestCoalescer:
    """The reads that are under way, each with those who wait for it beside the first."""

    def __init__(self) -> None:
        self._open: dict[Key, list[asyncio.Future[Response | None]]] = {}

    async def join(self, request: Request, call: Callable[[], Awaitable[Response]]) -> Response:
        """Answer as an identical request of the same caller that is under way, or else by `call`.

        Raises:
            StatusError: What the one that flew met.
        """
        key = coalescing_key(request)
        while key in self._open:
            loop = asyncio.get_running_loop()
            waiting: asyncio.Future[Response | None] = loop.create_future()
            self._open[key].append(waiting)
            shared = await waiting
            if shared is not None:
                return shared
        self._open[key] = []
        answer, problem = None, None
        try:
            answer = await call()
        except StatusError as error:
            problem = error
            raise
        else:
            return answer
        finally:
            # None: the one that flew was cancelled, and the next flies.
            for follower in self._open.pop(key):
                if follower.done():
                    continue
                if problem is None:
                    follower.set_result(answer)
                else:
                    follower.set_exception(problem)


def coalescing_key(request: Request) -> Key:
    told = [item for item in request.headers.items() if item[0] not in INDIFFERENT]
    return request.path, request.query, *told
