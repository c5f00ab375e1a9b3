import pytest
from libral.events.v1 import events_pb2
from libral.metrics.v1 import metrics_pb2
from libral.payments.v1 import payments_pb2
from libral.telegram.v1 import telegram_pb2
from libral.users.v1 import users_pb2

from dashboard.api.client import GatewayApi, if_available
from dashboard.api.http import GatewayError, GatewayHttp
from tests.fakes.gateway import Failure

REPLIES = {
    "/v1/events": events_pb2.ListEventsResponse(
        events=[events_pb2.Event(id="e")], next_page_token="n"
    ),
    "/v1/events/a/b": events_pb2.Event(id="a/b"),
    "/v1/events:stats": events_pb2.EventStats(head_position=7),
    "/v1/events:verify": events_pb2.VerifyEventsResponse(valid=True, checked_count=3),
    "/v1/checkpoints:latest": events_pb2.Checkpoint(position=4),
    "/v1/consumers": events_pb2.ListConsumersResponse(consumers=[{"name": "consumers/users"}]),
    "/v1/deadLetters": events_pb2.ListDeadLettersResponse(dead_letters=[{"tries": 5}]),
    "/v1/metrics:query": metrics_pb2.QueryMetricsResponse(series=[{"source": "host"}]),
    "/v1/endpoints": metrics_pb2.ListEndpointsResponse(total={"request_count": 2}),
    "/v1/infrastructure": metrics_pb2.Infrastructure(host={"hostname": "h"}),
    "/v1/telegram/bot": telegram_pb2.Bot(username="shop"),
    "/v1/payments": payments_pb2.ListPaymentsResponse(payments=[{"name": "payments/1"}]),
    "/v1/payments/1": payments_pb2.Payment(name="payments/1"),
    "/v1/payments:stats": payments_pb2.PaymentStats(totals=[{"count": 6}]),
    "/v1/users": users_pb2.ListUsersResponse(users=[{"name": "users/1"}]),
    "/v1/users/1": users_pb2.User(name="users/1"),
    "/v1/users:stats": users_pb2.UserStats(total_count=9),
    "/v1/modules/users:stop": {},
    "/v1/deadLetters/users-7:retry": {},
}


@pytest.fixture
async def api(gateway):
    async def token() -> str:
        return "token"

    gateway.replies |= REPLIES
    http = GatewayHttp(gateway.url)
    yield GatewayApi(http, token)
    await http.close()


async def test_every_read_returns_its_model(api):
    page = await api.list_events({"pageSize": 1})
    assert (page.items[0].id, page.next_page_token) == ("e", "n")
    assert (await api.get_event("a/b")).id == "a/b"
    assert (await api.get_event_stats()).head_position == 7
    assert (await api.verify_events(1, 2)).checked_count == 3
    assert (await api.get_latest_checkpoint()).position == 4
    assert (await api.list_consumers()).items[0].id == "users"
    assert (await api.list_dead_letters({})).items[0].tries == 5
    assert (await api.query_metric("m"))[0].source == "host"
    assert (await api.list_endpoints({})).total.request_count == 2
    assert (await api.get_infrastructure()).host.hostname == "h"
    assert (await api.get_bot()).username == "shop"
    assert (await api.list_payments({})).items[0].name == "payments/1"
    assert (await api.get_payment("1")).name == "payments/1"
    assert (await api.get_payment_stats()).totals[0].count == 6
    assert (await api.list_users({})).items[0].name == "users/1"
    assert (await api.get_user("1")).name == "users/1"
    assert (await api.get_user_stats()).total_count == 9


async def test_requests_carry_what_is_asked_for(api, gateway):
    await api.verify_events(5, 6)
    await api.query_metric("m", aggregation="P95")
    await api.query_metric("m", merge=False, step="5s")
    await api.change_module("users", "STOP")
    await api.change_dead_letter("deadLetters/users-7", "retry")
    assert [sent for _, _, sent in gateway.requests] == [
        {"start": "5", "count": "6"},
        {"metric": "m", "aggregation": "P95", "merge": "true"},
        {"metric": "m", "step": "5s"},
        {},
        {},
    ]
    assert [verb for verb, _, _ in gateway.requests[-2:]] == ["POST", "POST"]
    assert {headers["authorization"] for headers in gateway.headers} == {"Bearer token"}
    with pytest.raises(GatewayError):
        await api.get_user("../1?x")
    assert gateway.requests[-1][1] == "/v1/users/../1?x"


async def test_a_query_is_parsed_into_terms(api, gateway):
    response = events_pb2.ParseEventQueryResponse(terms=[{"text": "a", "pattern": "a"}])
    gateway.replies["/v1/events:parseQuery"] = response
    (term,) = await api.parse_event_query("A")
    assert term.text == "a"
    assert gateway.asked("/v1/events:parseQuery") == [{"query": "A"}]
    response.terms[0].pattern = "("
    with pytest.raises(GatewayError) as raised:
        await api.parse_event_query("A")
    assert raised.value.reason == "GATEWAY_UNREADABLE"


async def test_what_may_be_missing_is_none_on_an_error(api, gateway):
    assert await if_available(api.get_bot()) is not None
    gateway.replies["/v1/telegram/bot"] = Failure(503)
    assert await if_available(api.get_bot()) is None
