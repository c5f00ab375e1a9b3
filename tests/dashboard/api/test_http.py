import pytest

from dashboard.api.http import GatewayError, GatewayHttp, read_error
from deploy.local.home import free_port


def test_errors_use_the_japanese_message_if_there_is_one():
    details = [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "X"},
        {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "message": "だめです。"},
    ]
    error = read_error(400, {"error": {"message": "No.", "details": details}})
    assert (error.reason, str(error)) == ("X", "だめです。")
    assert read_error(502, "garbage").message == "処理に失敗しました。"


@pytest.fixture
async def http(gateway):
    client = GatewayHttp(gateway.url)
    yield client
    await client.close()


async def test_a_call_carries_token_query_and_deadline(http, gateway):
    gateway.replies |= {"/v1/a": {"a": 1}, "/v1/b": {"b": 2}}
    assert await http.get("/v1/a", "t", {"x": ["1", "2"]}) == {"a": 1}
    assert await http.post("/v1/b", "t", {"y": 3}, 30.0) == {"b": 2}
    assert gateway.requests == [("GET", "/v1/a", {"x": ["1", "2"]}), ("POST", "/v1/b", {"y": 3})]
    first, second = gateway.headers
    assert first["authorization"] == second["authorization"] == "Bearer t"
    assert second["x-request-timeout"] == "30.0"


async def test_a_gateway_that_is_away_is_an_error_without_status():
    http = GatewayHttp(f"http://127.0.0.1:{free_port(set())}")
    with pytest.raises(GatewayError) as raised:
        await http.get("/v1/a", "")
    assert (raised.value.status, raised.value.reason) == (0, "GATEWAY_UNAVAILABLE")
    assert str(raised.value) == "ゲートウェイが応答していません。"
    await http.close()
