"""The calls of the pages to the gateway, each returning a model.

Every method raises GatewayError if the gateway does not respond or responds with an error, and
SignedOutError if the session has ended.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote

from dashboard.api.consumers import Consumer, DeadLetter
from dashboard.api.events import Event, EventStats, QueryTerm, parse_terms
from dashboard.api.fields import Json
from dashboard.api.http import CALL_SECONDS, GatewayError, GatewayHttp, Query
from dashboard.api.infrastructure import Bot, Infrastructure
from dashboard.api.metrics import EndpointReport, Series, parse_series
from dashboard.api.pages import ListPage, parse_page
from dashboard.api.payments import Payment, PaymentStats
from dashboard.api.users import User, UserStats
from dashboard.api.verification import Checkpoint, Verification

ACTION_SECONDS = 30.0
PAGE_SIZE_MAX = 1000
Found = TypeVar("Found")


class GatewayApi:
    """The gateway's API with the access token of one operator, as returned by `token`."""

    def __init__(self, http: GatewayHttp, token: Callable[[], Awaitable[str]]) -> None:
        self._http = http
        self._token = token

    async def list_events(self, query: Query) -> ListPage[Event]:
        return parse_page(await self._get("/v1/events", query), "events", Event.parse)

    async def get_event(self, event_id: str) -> Event:
        return Event.parse(await self._get(f"/v1/events/{segment(event_id)}"))

    async def get_event_stats(self) -> EventStats:
        return EventStats.parse(await self._get("/v1/events:stats"))

    async def parse_event_query(self, query: str) -> Sequence[QueryTerm]:
        """Return the terms that an event must contain to match a search query."""
        found = await self._get("/v1/events:parseQuery", {"query": query})
        try:
            return parse_terms(found)
        except ValueError as error:
            raise GatewayError.unreadable() from error

    async def verify_events(self, start: int, count: int) -> Verification:
        query = {"start": start, "count": count}
        return Verification.parse(await self._get("/v1/events:verify", query))

    async def get_latest_checkpoint(self) -> Checkpoint:
        return Checkpoint.parse(await self._get("/v1/checkpoints:latest"))

    async def list_consumers(self) -> ListPage[Consumer]:
        found = await self._get("/v1/consumers", {"pageSize": PAGE_SIZE_MAX})
        return parse_page(found, "consumers", Consumer.parse)

    async def list_dead_letters(self, query: Query) -> ListPage[DeadLetter]:
        found = await self._get("/v1/deadLetters", query)
        return parse_page(found, "deadLetters", DeadLetter.parse)

    async def change_dead_letter(self, name: str, action: str) -> None:
        """Request `retry` or `discard` of a dead letter."""
        await self._post(f"/v1/{name}:{action}", CALL_SECONDS)

    async def change_module(self, module_id: str, action: str) -> None:
        """Start, stop or restart a module (START, STOP, RESTART) and wait for the result."""
        await self._post(f"/v1/modules/{module_id}:{action.lower()}", ACTION_SECONDS)

    async def query_metric(
        self, metric: str, *, merge: bool = True, **options: str
    ) -> list[Series]:
        """Return the series of a metric: one for all sources merged, or one for each source.

        `options` are further fields of the request, such as `aggregation`.
        """
        query: dict[str, str] = {"metric": metric, **options}
        if merge:
            query["merge"] = "true"
        return parse_series(await self._get("/v1/metrics:query", query))

    async def list_endpoints(self, query: Mapping[str, str]) -> EndpointReport:
        return EndpointReport.parse(await self._get("/v1/endpoints", query))

    async def get_infrastructure(self) -> Infrastructure:
        return Infrastructure.parse(await self._get("/v1/infrastructure"))

    async def get_bot(self) -> Bot:
        return Bot.parse(await self._get("/v1/telegram/bot"))

    async def list_payments(self, query: Query) -> ListPage[Payment]:
        return parse_page(await self._get("/v1/payments", query), "payments", Payment.parse)

    async def get_payment(self, payment_id: str) -> Payment:
        return Payment.parse(await self._get(f"/v1/payments/{segment(payment_id)}"))

    async def get_payment_stats(self) -> PaymentStats:
        return PaymentStats.parse(await self._get("/v1/payments:stats"))

    async def list_users(self, query: Query) -> ListPage[User]:
        return parse_page(await self._get("/v1/users", query), "users", User.parse)

    async def get_user(self, user_id: str) -> User:
        return User.parse(await self._get(f"/v1/users/{segment(user_id)}"))

    async def get_user_stats(self) -> UserStats:
        return UserStats.parse(await self._get("/v1/users:stats"))

    async def _get(self, path: str, query: Query | None = None) -> Json:
        return await self._http.get(path, await self._token(), query)

    async def _post(self, path: str, seconds: float) -> None:
        await self._http.post(path, await self._token(), {}, seconds)


async def if_available(call: Awaitable[Found]) -> Found | None:
    """Return the result of a call, or None if it raised GatewayError."""
    try:
        return await call
    except GatewayError:
        return None


def segment(value: str) -> str:
    """Escape a value for one segment of a path."""
    return quote(value, safe="")
