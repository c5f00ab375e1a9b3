"""Request coalescing: identical concurrent reads share one upstream call."""

import asyncio
from collections.abc import Awaitable, Callable

from gateway.http.errors import StatusError
from gateway.http.messages import Request, Response

Key = tuple[object, ...]

# Headers that do not change the response.
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
    """The reads in progress, each with the requests that wait for its response."""

    def __init__(self) -> None:
        self._open: dict[Key, list[asyncio.Future[Response | None]]] = {}

    async def join(self, request: Request, call: Callable[[], Awaitable[Response]]) -> Response:
        """Return the response of an identical request in progress, or else that of `call`.

        Raises:
            StatusError: `call` failed, here or in the request that was joined.
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
        response, failed_with = None, None
        try:
            response = await call()
        except StatusError as error:
            failed_with = error
            raise
        else:
            return response
        finally:
            # None: the leading request was cancelled, so a follower makes the call.
            for follower in self._open.pop(key):
                if follower.done():
                    continue
                if failed_with is None:
                    follower.set_result(response)
                else:
                    follower.set_exception(failed_with)


def coalescing_key(request: Request) -> Key:
    relevant = [item for item in request.headers.items() if item[0] not in INDIFFERENT]
    return request.path, request.query, *relevant
