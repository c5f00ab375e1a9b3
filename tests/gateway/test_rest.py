"""Unary calls over REST: binding, bodies, headers, errors, deadlines."""

import asyncio
import base64
import time
from uuid import RFC_4122, UUID

import grpc
import orjson
import pytest
from google.protobuf import any_pb2, duration_pb2, wrappers_pb2
from google.rpc import error_details_pb2

from tests.gateway.conftest import PACKAGE, EchoService, RunningGateway, error_of, violations_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUERIES = [
    ("text=a+b%2Bc", {"text": "a b+c"}),
    ("text=", {"text": ""}),
    ("small=-7&big=9007199254740993", {"small": -7, "big": "9007199254740993"}),
    ("tags=a&tags=b&colors=RED&colors=2", {"tags": ["a", "b"], "colors": ["RED", "BLUE"]}),
    (
        "item.name=x&item.child.count=3",
        {"item": {"name": "x", "count": 0, "child": {"name": "", "count": 3}}},
    ),
    ("time=2026-01-31T12:00:00Z&lag=1.5s", {"time": "2026-01-31T12:00:00Z", "lag": "1.500s"}),
    ("mask=displayName,roles", {"mask": "displayName,roles"}),
    ("maybe=0&perhaps=", {"maybe": "0", "perhaps": ""}),
    ("active5mCount=1", {"active5mCount": 1}),
    ("active_5m_count=1", {"active5mCount": 1}),
    ("other=x", {"other": "x"}),
    ("present=0", {"present": 0}),
    ("right=0", {"right": 0}),
    ("flag=True&data=_-8", {"flag": True, "data": "/+8="}),
    ("color=BLUE&$alt=json;enum-encoding=int", {"color": 2}),
    ("text=a&$prettyPrint=true&$foo=1", {"text": "a"}),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
async def test_binds_queries(http, query, expected):
    response = await http.get(f"/v1/echo?{query}")
    assert response.status_code == 200, response.text
    answer = response.json()
    assert {name: answer[name] for name in expected} == expected


async def test_emits_defaults_but_no_absent_messages(http):
    answer = (await http.get("/v1/echo")).json()
    assert answer["text"] == ""
    assert answer["big"] == "0"
    assert answer["color"] == "COLOR_UNSPECIFIED"
    assert answer["tags"] == []
    assert "item" not in answer
    assert "present" not in answer


REFUSED = [
    ("nope=1", {"nope": "is no parameter of this method."}),
    ("item.nope=1", {"item.nope": "is no parameter of this method."}),
    ("text.x=1", {"text.x": "is no parameter of this method."}),
    ("items.name=1", {"items.name": "is no parameter of this method."}),
    ("=1", {"": "is no parameter of this method."}),
    ("item=1", {"item": "cannot be given as text: it is a message."}),
    ("counts=1", {"counts": "needs a key: counts[key]."}),
    ("text=a&text=b", {"text": "is given more than once."}),
    ("active5mCount=1&active_5m_count=2", {"active_5m_count": "is given more than once."}),
    ("left=a&right=1", {"right": "excludes left, which is given too."}),
    ("flag=maybe", {"flag": "must be true or false."}),
    ("lag=1m", {"lag": "must be a duration such as 1.5s."}),
    (
        "nope=1&small=x&color=GREEN",
        {
            "nope": "is no parameter of this method.",
            "small": "must be an integer from -2147483648 to 2147483647.",
            "color": "must be one of COLOR_UNSPECIFIED, RED, BLUE.",
        },
    ),
    (
        ".".join(["child"] * 50) + "=1",
        {".".join(["child"] * 50): "is no parameter of this method."},
    ),
    ("text=%ff", {"query": "It is not UTF-8."}),
    ("&".join(["tags=a"] * 501), {"query": "It has more than 500 parameters."}),
]


@pytest.mark.parametrize(("query", "expected"), REFUSED)
async def test_refuses_queries(http, echo, query, expected):
    assert violations_of(await http.get(f"/v1/echo?{query}")) == expected
    assert echo.requests == []


async def test_the_path_excludes_the_same_parameter(http):
    found = violations_of(await http.get("/v1/items/a?name=items/b"))
    assert found == {"name": "is given in the path already."}
    found = violations_of(await http.get("/v1/nested/1?item.count=2"))
    assert found == {"item.count": "is given in the path already."}
    answer = (await http.get("/v1/nested/1?item.name=x")).json()
    assert (answer["item"]["name"], answer["item"]["count"]) == ("x", 1)


async def test_refuses_a_path_that_does_not_convert(http):
    found = violations_of(await http.get("/v1/nested/x"))
    assert found == {"item.count": "must be an integer from -2147483648 to 2147483647."}
    assert violations_of(await http.get("/v1/plain/%ff")) == {"path": "it is not UTF-8."}


async def test_the_path_wins_over_the_body(http):
    response = await http.patch(
        "/v1/items/a?updateMask=count", json={"name": "items/other", "count": 2}
    )
    assert response.json() == {
        "item": {"name": "items/a", "count": 2},
        "updateMask": "count",
    }


async def test_refuses_parameters_that_belong_in_the_body(http):
    found = violations_of(await http.patch("/v1/items/a?item.count=1&nope=2", json={}))
    assert found == {
        "item.count": "belongs in the body.",
        "nope": "is no parameter of this method.",
    }
    found = violations_of(await http.post("/v1/echo?text=a", json={}))
    assert found == {"text": "is not taken: the body is the whole request."}


async def test_echoes_a_body(http):
    sent = {
        "text": "日本",
        "big": "9007199254740993",
        "items": [{"name": "a"}],
        "counts": {"a": 1},
        "extra": {"deep": [1, None, {"x": True}]},
        "wide": "NaN",
        "color": None,
        "data": "/+8=",
    }
    answer = (await http.post("/v1/echo", json=sent)).json()
    assert answer["text"] == "日本"
    assert answer["big"] == "9007199254740993"
    assert answer["items"] == [{"name": "a", "count": 0}]
    assert answer["counts"] == {"a": 1}
    assert answer["extra"] == {"deep": [1, None, {"x": True}]}
    assert answer["wide"] == "NaN"
    assert answer["color"] == "COLOR_UNSPECIFIED"


BODIES = [
    (
        b'{"nope": 1, "item": {"nope": 2}}',
        {"nope": "is no field of this method.", "item.nope": "is no field of this method."},
    ),
    (b'{"items": [{}, {"nope": 1}]}', {"items[1].nope": "is no field of this method."}),
    (b'{"small": "x"}', {"small": None}),
    (b'{"small": 1.5}', {"small": None}),
    (b'{"item": {"count": true}}', {"item.count": None}),
    (b'{"item": 1}', {"item": None}),
    (b'{"items": {}}', {"items": None}),
    (b'{"items": [null]}', {"items[0]": None}),
    (b'{"color": "GREEN"}', {"color": None}),
    (b'{"time": "yesterday"}', {"time": None}),
    (b'{"data": "a"}', {"data": None}),
    (b'{"counts": {"a": null}}', {"counts.a": "must not be null."}),
    (b'{"left": "a", "right": 1}', {"right": "excludes left, which is given too."}),
    (b'{"text": "a", "text": "b"}', {"body": "is no JSON: 'text' is given twice."}),
    (b"[]", {"body": "must be a JSON object."}),
    (b"null", {"body": "must be a JSON object."}),
    (b"{", {"body": None}),
    (b"\xff", {"body": "is not UTF-8."}),
    (b"[" * 100_000, {"body": "is nested too deep."}),
    (b'{"item":' + b'{"child":' * 100 + b"{}" + b"}" * 101, {"body": "is nested too deep."}),
]


@pytest.mark.parametrize(("content", "expected"), BODIES)
async def test_refuses_bodies(http, echo, content, expected):
    found = violations_of(await http.post("/v1/echo", content=content))
    assert found.keys() == expected.keys()
    for name, description in expected.items():
        assert description is None or found[name] == description
    assert echo.requests == []


async def test_refuses_other_content_types(http):
    response = await http.post("/v1/echo", content=b"{}", headers={"content-type": "text/plain"})
    assert response.status_code == 415
    assert error_of(response)["message"] == "content-type: must be application/json."


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/vnd.x+json"])
async def test_takes_json_content_types(http, kind):
    response = await http.post("/v1/echo", content=b"{}", headers={"content-type": kind})
    assert response.status_code == 200


async def test_passes_raw_bodies_both_ways(http):
    response = await http.post("/v1/raw", content=b"\x00\xff", headers={"content-type": "image/x"})
    assert response.content == b"\x00\xff"
    assert response.headers["content-type"] == "image/x"


async def test_answers_with_one_field(http):
    assert (await http.get("/v1/part?name=a")).json() == {"name": "a", "count": 0}


async def test_refuses_a_body_that_is_too_long(http, echo):
    response = await http.post("/v1/echo", content=b" " * (1024 * 1024 + 1))
    assert response.status_code == 413
    assert error_of(response)["message"] == "The body is longer than 1048576 bytes."
    assert echo.requests == []


async def write_for_ever(writer: asyncio.StreamWriter, chunk: bytes) -> None:
    while True:
        writer.write(chunk)
        await writer.drain()


async def test_refuses_an_endless_body_before_its_end(gateway):
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"POST /v1/raw HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    for _ in range(20):
        writer.write(chunk)
    assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    with pytest.raises(ConnectionError):
        await write_for_ever(writer, chunk)


async def test_takes_a_body_of_the_limit(http):
    content = b'{"text":"' + b"x" * (1024 * 1024 - 11) + b'"}'
    assert len(content) == 1024 * 1024
    assert (await http.post("/v1/echo", content=content)).status_code == 200


async def test_head_is_get_without_a_body(http):
    response = await http.head("/v1/echo?text=a")
    assert response.status_code == 200
    assert response.content == b""
    assert int(response.headers["content-length"]) > 0


async def test_options_names_the_verbs(http):
    response = await http.options("/v1/items/a")
    assert response.status_code == 204
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, PATCH"
    assert "access-control-allow-origin" not in response.headers
    assert (await http.options("/nope")).status_code == 404


async def test_every_answer_has_a_request_id(http, echo):
    response = await http.get("/v1/echo")
    assert echo.metadata[0]["x-request-id"] == response.headers["x-request-id"]
    made = UUID(response.headers["x-request-id"])
    assert (made.version, made.variant) == (4, RFC_4122)
    known = "0190a4de-7e5b-7000-8000-000000000001"
    response = await http.get("/nope", headers={"x-request-id": known})
    assert response.headers["x-request-id"] == known
    response = await http.get("/nope", headers={"x-request-id": "<script>"})
    assert response.headers["x-request-id"] != "<script>"


PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_chooses_what_the_room_sees(http, echo):
    sent = {
        "traceparent": PARENT,
        "accept-language": "ja",
        "x-libral-role": "ADMIN",
        "x-secret-token": "s",
        "grpc-metadata-tenant": "t",
        "grpc-metadata-blob-bin": base64.b64encode(b"\x00\x01").decode(),
        "grpc-metadata-authorization": "Bearer forged",
        "grpc-metadata-x-libral-role": "ADMIN",
        "grpc-metadata-grpc-timeout": "1n",
        "grpc-metadata-traceparent": "forged",
        "x-forwarded-for": "6.6.6.6",
        "cookie": "a=b",
    }
    assert (await http.get("/v1/headers", headers=sent)).status_code == 200
    seen = echo.metadata[0]
    assert seen["traceparent"] == PARENT
    assert seen["accept-language"] == "ja"
    assert seen["x-secret-token"] == "s"
    assert seen["tenant"] == "t"
    assert seen["blob-bin"] == b"\x00\x01"
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert not seen.keys() & {"authorization", "x-libral-role", "cookie", "grpc-timeout"}
    assert (await http.get("/v1/echo", headers=sent)).status_code == 200
    assert "x-secret-token" not in echo.metadata[1]


async def test_refuses_broken_binary_metadata(http):
    response = await http.get("/v1/echo", headers={"grpc-metadata-x-bin": "a"})
    assert violations_of(response) == {"grpc-metadata-x-bin": "must be base64."}


def detail(message) -> dict[str, str]:
    packed = any_pb2.Any()
    packed.Pack(message)
    value = base64.b64encode(packed.value).decode()
    return {"typeUrl": packed.type_url, "value": value}


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


async def test_a_torn_retry_info_is_only_shown(http):
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


async def test_the_deadline_reaches_the_room(http, echo):
    await http.get("/v1/echo")
    await http.get("/v1/echo", headers={"grpc-timeout": "2S"})
    await http.get("/v1/echo", headers={"x-request-timeout": "1.5"})
    await http.get("/v1/echo", headers={"grpc-timeout": "9H"})
    assert [round(seconds * 2) / 2 for seconds in echo.remaining] == [5.0, 2.0, 1.5, 60.0]


async def test_a_slow_room_costs_no_more_than_the_deadline(http):
    started = time.monotonic()
    response = await http.get("/v1/sleep", headers={"grpc-timeout": "200m"})
    assert response.status_code == 504
    assert error_of(response)["message"] == f"{PACKAGE} did not answer in time."
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("value", ["5", "S", "-1S", "0S", "123456789S", "5s"])
async def test_refuses_broken_timeouts(http, value):
    assert "grpc-timeout" in violations_of(
        await http.get("/v1/echo", headers={"grpc-timeout": value})
    )


@pytest.mark.parametrize("value", ["", "x", "0", "-1", "nan", "inf"])
async def test_refuses_broken_request_timeouts(http, value):
    response = await http.get("/v1/echo", headers={"x-request-timeout": value})
    assert "x-request-timeout" in violations_of(response)


async def test_an_upstream_that_is_away_is_503_and_comes_back(contracts, tokens):
    service = EchoService(contracts, tokens)
    await service.start()
    await service.stop()
    async with RunningGateway(contracts, service.targets) as gateway:
        started = time.monotonic()
        response = await gateway.http.get("/v1/echo")
        assert time.monotonic() - started < 2
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        error = error_of(response)
        assert error["message"] == f"{PACKAGE} is not available."
        assert str(service.port) not in response.text
        assert (await gateway.http.get("/healthz")).status_code == 200
        assert PACKAGE in error_of(await gateway.http.get("/readyz"))["message"]
        await service.start()
        deadline = time.monotonic() + 3
        while (await gateway.http.get("/v1/echo")).status_code != 200:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        assert (await gateway.http.get("/readyz")).json() == {
            "status": "SERVING",
            "upstreams": [PACKAGE],
        }
        await service.stop()


async def test_an_upstream_without_an_address_is_503(contracts):
    async with RunningGateway(contracts, {}) as gateway:
        assert (await gateway.http.get("/v1/echo")).status_code == 503
        assert (await gateway.http.get("/readyz")).status_code == 200


async def test_a_defect_is_500_and_says_no_more(http, gateway, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("secret")

    monkeypatch.setattr(type(gateway.core.codec), "encode", broken)
    response = await http.get("/v1/echo")
    assert response.status_code == 500
    assert error_of(response)["message"] == "Internal error."


async def raw_exchange(port: int, content: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(content)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


async def test_malformed_http_is_an_error_of_ours(gateway):
    answer = await raw_exchange(gateway.port, b"NONSENSE\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert orjson.loads(body)["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("content", [b"x: " + b"y" * 70_000, b"x: y\r\n" * 12_000])
async def test_headers_have_a_bound(gateway, content):
    answer = await raw_exchange(gateway.port, b"GET / HTTP/1.1\r\n" + content)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":431' in answer


async def test_cors_is_off_unless_an_origin_is_named(contracts, echo):
    targets = echo.targets
    asked = {"origin": "https://a.example", "access-control-request-method": "GET"}
    async with RunningGateway(contracts, targets) as gateway:
        response = await gateway.http.get("/v1/echo", headers=asked)
        assert not [name for name in response.headers if name.startswith("access-control")]
    origins = frozenset({"https://a.example"})
    async with RunningGateway(contracts, targets, cors_origins=origins) as gateway:
        response = await gateway.http.get("/v1/echo", headers=asked)
        assert response.headers["access-control-allow-origin"] == "https://a.example"
        response = await gateway.http.get("/nope", headers=asked)
        assert response.headers["access-control-allow-origin"] == "https://a.example"
        response = await gateway.http.options(
            "/v1/echo", headers=asked | {"access-control-request-headers": "authorization"}
        )
        assert response.headers["access-control-allow-headers"] == "authorization"
        assert "POST" in response.headers["access-control-allow-methods"]
        response = await gateway.http.get("/v1/echo", headers={"origin": "https://b.example"})
        assert "access-control-allow-origin" not in response.headers
        assert response.headers["vary"] == "origin"
