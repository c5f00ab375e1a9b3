"""The application: own pages, OPTIONS, defects."""

import asyncio
import re
import socket
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import uvicorn
from google.protobuf.empty_pb2 import Empty
from libral.gateway.v1 import socket_pb2
from structlog.testing import capture_logs
from websockets.asyncio.client import connect

from gateway import app
from gateway.app import REFUSAL
from gateway.http.messages import BODY_BYTES_MAX, ResponseAbortedError
from gateway.telemetry.metrics import series_of
from tests.gateway.asgi import AsgiConnection, AsgiSocket, make_app, request
from tests.gateway.conftest import error_of, eventually, read_events
from tests.gateway.sockets import receive_json, send_json

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_options_names_the_verbs(http):
    response = await http.options("/v1/items/a")
    assert response.status_code == 204
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, PATCH"
    assert "access-control-allow-origin" not in response.headers
    assert (await http.options("/nope")).status_code == 404


async def test_a_defect_is_500_without_details(http, gateway, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("secret")

    monkeypatch.setattr(type(gateway.context.codec), "encode", broken)
    response = await http.get("/v1/echo")
    assert response.status_code == 500
    assert error_of(response)["message"] == "Internal error."


async def test_own_pages_are_read_only(http):
    response = await http.post("/healthz")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert error_of(response)["message"] == "POST is not allowed here: use GET, HEAD, OPTIONS."


IMPORT = re.compile(
    r"^\s*(?:from|import) (?!services\.common|libral\.gateway)(?:services|libral)", re.MULTILINE
)


async def test_the_gateway_imports_no_service():
    sources = [path.read_text() for path in Path(app.__file__).parent.rglob("*.py")]
    assert len(sources) > 50
    assert not [source for source in sources if IMPORT.search(source)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def application(contracts, shared_echo):
    made = make_app(contracts, shared_echo.targets, cors_origins=frozenset({"https://a.example"}))
    yield made
    await made.context.upstreams.close()


@pytest_asyncio.fixture(loop_scope="session")
async def plain(application):
    """A client in this process, without a server."""
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


async def test_runs_without_a_server(plain, echo):
    response = await plain.get("/v1/echo?text=a%20b", headers={"origin": "https://a.example"})
    assert (response.status_code, response.json()["text"]) == (200, "a b")
    assert response.headers["content-type"] == "application/json"
    assert response.headers["access-control-allow-origin"] == "https://a.example"
    assert int(response.headers["content-length"]) == len(response.content)
    assert echo.metadata[0]["x-request-id"] == response.headers["x-request-id"]
    again = await plain.get(
        "/v1/echo?text=a b", headers={"if-none-match": response.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    sent = await plain.post("/v1/echo", json={"tags": ["x" * 2000]})
    assert sent.json()["tags"] == ["x" * 2000]
    assert "content-encoding" in sent.headers
    head = await plain.head("/v1/echo?text=a")
    assert (head.status_code, head.content) == (200, b"")


async def test_errors_without_a_server(plain, echo):
    assert error_of(await plain.get("/nope"))["status"] == "NOT_FOUND"
    assert error_of(await plain.delete("/v1/items/a"))["code"] == 405
    failed = await plain.post("/v1/fail", json={"code": 9, "text": "no"})
    assert error_of(failed)["message"] == "no"
    too_long = await plain.post("/v1/echo", content=b" " * (BODY_BYTES_MAX + 1))
    assert too_long.status_code == 413
    assert (await plain.get("/healthz")).json()["status"] == "SERVING"


FORMATS = [
    ("text/event-stream", 'event: status\ndata: {"code":0'),
    ("application/x-ndjson", '{"status":{"code":0'),
    ("application/json", '"position":"2"'),
]


@pytest.mark.parametrize(("accept", "last"), FORMATS)
async def test_streams_without_a_server(plain, echo, accept, last):
    response = await plain.get("/v1/public:stream?until=2", headers={"accept": accept})
    assert response.headers["content-type"] == accept
    assert response.text.index('"position":"1"') < response.text.index(last)


async def test_a_file_that_breaks_does_not_look_complete_without_a_server(
    upload_contracts, upstream
):
    application = make_app(upload_contracts, upstream.targets)
    async with request(application, "/v1/files:fetch?chunks=1&fail=true") as connection:
        assert (await connection.sent("http.response.start"))["status"] == 200
        assert (await connection.sent("http.response.body"))["more_body"]
        with pytest.raises(ResponseAbortedError):
            await connection.ended()
        assert connection.silent
    await application.context.upstreams.close()


async def test_a_live_stream_over_plain_messages(application, echo):
    target = "/v1/public:stream?until=1&wait=true"
    async with request(application, target) as connection:
        await connection.sent("http.response.start")
        assert b'"position":"1"' in (await connection.sent("http.response.body"))["body"]
        assert echo.open_streams == 1
        connection.give("http.disconnect")
        await connection.ended()
    await eventually(lambda: echo.open_streams == 0)


async def test_a_server_may_give_no_raw_path(application, echo):
    async with request(application, "/v1/items/a%20b") as connection:
        assert "raw_path" not in connection.scope
        assert (await connection.sent("http.response.start"))["status"] == 200
        assert b'"items/a b"' in (await connection.sent("http.response.body"))["body"]


async def test_a_request_is_logged_and_measured_whatever_becomes_of_it(plain, application, echo):
    series = series_of("GET", "/v1/echo", 400)
    before = application.context.meter.total().get(series)
    with capture_logs() as lines:
        await plain.get("/v1/echo?nope=1")
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["method"], line["route"], line["status"], line["code"]) == (
        *("GET", "/v1/echo"),
        *(400, 3),
    )
    after = application.context.meter.total()[series]
    assert sum(after.counts) == (sum(before.counts) if before else 0) + 1


async def test_a_client_that_left_is_no_failure(application, echo):
    async def send(message):
        raise OSError("the client is gone")

    with capture_logs() as lines:
        async with request(application, "/v1/echo") as connection:
            connection._send = send
            await connection.ended()
    (line,) = lines
    assert (line["event"], line["status"]) == ("request", 200)


async def test_sockets_over_plain_messages(application, echo):
    async with AsgiSocket(application) as client:
        await client.sent("websocket.accept")
        await client.send_json(type="subscribe", id="a", path="/v1/public:stream?until=2")
        received = [await client.receive_json() for _ in range(3)]
        assert [each.get("cursor") for each in received] == ["1", "2", None]
        assert (received[2]["type"], received[2]["status"]["status"]) == ("end", "OK")
        await client.send_json(type="ping")
        assert await client.receive_json() == {"type": "pong"}
        client.give("websocket.disconnect", code=1000)
        await client.ended()


async def test_a_socket_of_one_method_over_plain_messages(application, echo):
    async with AsgiSocket(application, "/v1/public:stream?until=1", subprotocols=[]) as client:
        assert (await client.sent("websocket.accept"))["subprotocol"] is None
        assert [(await client.receive_json())["type"] for _ in range(2)] == ["message", "end"]
        assert (await client.sent("websocket.close"))["code"] == 1000
        await client.ended()


async def test_a_binary_socket_over_plain_messages(application, echo):
    async with AsgiSocket(application, subprotocols=["libral.v1.binary"]) as client:
        assert (await client.sent("websocket.accept"))["subprotocol"] == "libral.v1.binary"
        ping = socket_pb2.ClientFrame(ping=Empty())
        client.give("websocket.receive", bytes=ping.SerializeToString())
        response = socket_pb2.ServerFrame.FromString((await client.sent("websocket.send"))["bytes"])
        assert response.WhichOneof("event") == "pong"


async def test_a_handshake_is_refused_with_and_without_a_response(application):
    async with AsgiSocket(application, "/nope", extensions={REFUSAL: {}}) as client:
        assert (await client.sent(f"{REFUSAL}.start"))["status"] == 404
        assert b'"ROUTE_NOT_FOUND"' in (await client.sent(f"{REFUSAL}.body"))["body"]
    async with AsgiSocket(application, "/nope") as client:
        assert (await client.sent("websocket.close"))["code"] == 4005
        await client.ended()


async def test_the_lifespan_of_a_server_ends_streams_and_upstreams(contracts, shared_echo):
    application = make_app(contracts, shared_echo.targets)
    async with AsgiConnection(application, "lifespan") as lifespan:
        lifespan.give("lifespan.startup")
        await lifespan.sent("lifespan.startup.complete")
        async with request(application, "/v1/public:stream?until=1&wait=true") as stream:
            await stream.sent("http.response.start")
            await stream.sent("http.response.body")
            lifespan.give("lifespan.shutdown")
            assert b"GATEWAY_DRAINING" in (await stream.sent("http.response.body"))["body"]
            await lifespan.sent("lifespan.shutdown.complete")
            await lifespan.ended()
    async with request(application, "/v1/echo") as refused:
        assert (await refused.sent("http.response.start"))["status"] == 503


@pytest_asyncio.fixture(loop_scope="session")
async def stock(application):
    """The application on stock uvicorn: h11 and wsproto, without the gateway's protocols."""
    server = uvicorn.Server(
        uvicorn.Config(application, port=0, http="h11", ws="wsproto", log_config=None)
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve([listener]))
        await eventually(lambda: server.started)
        yield "127.0.0.1:{1}".format(*listener.getsockname())
        server.should_exit = True
        await serving


async def test_another_server_serves_it(application, echo, stock):
    async with httpx.AsyncClient(base_url=f"http://{stock}", trust_env=False) as client:
        assert (await client.get("/v1/echo?text=a")).json()["text"] == "a"
        assert error_of(await client.get("/nope"))["code"] == 404
        sse = {"accept": "text/event-stream"}
        async with client.stream("GET", "/v1/public:stream?until=2", headers=sse) as response:
            assert len(await read_events(response)) == 3
    async with connect(f"ws://{stock}/v1/ws", proxy=None) as client:
        await send_json(client, type="subscribe", id="a", path="/v1/public:stream?until=2")
        assert [(await receive_json(client))["type"] for _ in range(3)] == [
            "message",
            "message",
            "end",
        ]
