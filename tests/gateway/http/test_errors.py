"""Errors of upstreams, rendered as AIP-193."""

import grpc
import pytest
from google.protobuf import duration_pb2, wrappers_pb2
from google.rpc import error_details_pb2

from tests.gateway.conftest import (
    detail,
    error_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_renders_status_details(http):
    details = [
        detail(error_details_pb2.ErrorInfo(reason="GONE", domain="libral", metadata={"a": "b"})),
        detail(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=6, nanos=1))),
        detail(wrappers_pb2.Int64Value(value=5)),
        {"typeUrl": "type.googleapis.com/nobody.Knows", "value": "AAE="},
    ]
    response = await http.post("/v1/fail", json={"code": 5, "text": "gone", "details": details})
    assert response.status_code == 404
    assert response.headers["retry-after"] == "7"
    assert error_of(response) == {
        "code": 404,
        "status": "NOT_FOUND",
        "message": "gone",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "GONE",
                "domain": "libral",
                "metadata": {"a": "b"},
            },
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "6.000000001s"},
            {"@type": "type.googleapis.com/google.protobuf.Int64Value", "value": "5"},
            {"@type": "type.googleapis.com/nobody.Knows", "value": "AAE="},
        ],
    }


RETRIES = [
    (duration_pb2.Duration(seconds=6), "6"),
    (duration_pb2.Duration(seconds=2, nanos=500_000_000), "3"),
    (duration_pb2.Duration(nanos=1), "1"),
    (duration_pb2.Duration(), "1"),
    (duration_pb2.Duration(seconds=-5), "1"),
    (duration_pb2.Duration(seconds=3600), "3600"),
]


@pytest.mark.parametrize(("delay", "seconds"), RETRIES)
async def test_retry_after_is_whole_seconds(http, delay, seconds):
    details = [detail(error_details_pb2.RetryInfo(retry_delay=delay))]
    response = await http.post("/v1/fail", json={"code": 8, "text": "x", "details": details})
    assert (response.status_code, response.headers["retry-after"]) == (429, seconds)


async def test_a_malformed_retry_info_is_only_shown(http):
    torn = {"typeUrl": "type.googleapis.com/google.rpc.RetryInfo", "value": "/w=="}
    response = await http.post("/v1/fail", json={"code": 8, "text": "x", "details": [torn]})
    assert "retry-after" not in response.headers
    assert error_of(response)["details"][0]["value"] == "/w=="


HTTP_OF_CODES = {
    1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429,
    9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401,
}  # fmt: skip


@pytest.mark.parametrize(("code", "http_status"), HTTP_OF_CODES.items())
async def test_maps_codes(http, code, http_status):
    response = await http.post("/v1/fail", json={"code": code, "text": "x", "plain": True})
    assert response.status_code == http_status
    assert error_of(response)["status"] == list(grpc.StatusCode)[code].name
