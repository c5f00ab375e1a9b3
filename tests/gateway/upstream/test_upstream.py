"""Both transports against real servers on both engines: the same calls, the same answers."""

import asyncio
import ssl
import time
from datetime import UTC, datetime, timedelta

import grpc
import pygrpc_native.aio
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf import any_pb2
from google.rpc import status_pb2

from gateway.http.errors import StatusError
from gateway.upstream import Call
from gateway.upstream.pool import GRPCIO, LEAN, make_upstream

LIMITS = [
    ("grpc.max_receive_message_length", 8 * 1024 * 1024),
    ("grpc.max_send_message_length", 8 * 1024 * 1024),
    ("grpc.so_reuseport", 0),
]
MEBIBYTE = 1024 * 1024


class Server:
    """Methods that take and give bytes."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.metadata: dict = {}
        self.remaining: float | None = None
        self.cancelled = asyncio.Event()
        self.calls = 0

    async def start(self, port: int = 0) -> None:
        kind = pygrpc_native.aio if self.engine == "native" else grpc.aio
        self.server = kind.server(options=LIMITS)
        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        handlers = {
            "Echo": unary(self.echo),
            "Repeat": unary(self.repeat),
            "Fail": unary(self.fail),
            "Wait": unary(self.wait),
            "Count": stream(self.count),
            "Hang": stream(self.hang),
        }
        if self.engine == "grpcio":
            handlers["Sum"] = grpc.stream_unary_rpc_method_handler(self.sum)
            handlers["Chat"] = grpc.stream_stream_rpc_method_handler(self.chat)
        self.server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("t.T", handlers)]
        )
        self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        await self.server.start()

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def stop(self) -> None:
        await self.server.stop(None)

    async def echo(self, request, context):
        self.calls += 1
        self.metadata = dict(context.invocation_metadata())
        self.remaining = context.time_remaining()
        await context.send_initial_metadata((("x-first", "1"), ("x-first-bin", b"\x00\xff")))
        context.set_trailing_metadata((("x-last", "2"), ("x-last-bin", b"\xfe")))
        return request

    async def repeat(self, request, context):
        return b"x" * int(request)

    async def fail(self, request, context):
        status = status_pb2.Status(
            code=9, message="日本 100%", details=[any_pb2.Any(type_url="t/x", value=b"\x01")]
        )
        trailers = [("x-why", "so")]
        if request == b"details":
            trailers.append(("grpc-status-details-bin", status.SerializeToString()))
        context.set_trailing_metadata(tuple(trailers))
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "日本 100%")

    async def wait(self, request, context):
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return request

    async def count(self, request, context):
        for number in range(int(request)):
            yield b"%d" % number
        context.set_trailing_metadata((("x-last", "end"),))

    async def hang(self, request, context):
        try:
            yield b"first"
            while True:
                await asyncio.sleep(0 if request else 10)
                if request:
                    self.calls += 1
                    yield bytes(16_384)
        finally:
            self.cancelled.set()

    async def sum(self, requests, context):
        return b"%d" % sum([int(each) async for each in requests])

    async def chat(self, requests, context):
        async for each in requests:
            yield each.upper()


@pytest_asyncio.fixture(params=["grpcio", "native"])
async def server(request):
    found = Server(request.param)
    await found.start()
    yield found
    await found.stop()


@pytest_asyncio.fixture(params=[LEAN, GRPCIO])
async def upstream(request, server):
    found = make_upstream("t", server.target, request.param)
    yield found
    await found.close()


def call(name: str, request: bytes | None = b"", seconds: float = 5.0, **more) -> Call:
    return Call(f"/t.T/{name}", request, more.pop("metadata", []), seconds, **more)


async def read_all(stream) -> list[bytes]:
    found = []
    while (message := await stream.read()) is not None:
        found.append(message)
    return found


async def test_unary_with_metadata_both_ways(upstream, server):
    metadata = [("x-text", "a, b"), ("x-data-bin", b"\x00\x01\xff"), ("authorization", "Bearer t")]
    reply = await upstream.unary(call("Echo", b"\x01\x02", 3.0, metadata=metadata))
    assert reply.content == b"\x01\x02"
    assert server.metadata.items() >= dict(metadata).items()
    assert 2.0 < server.remaining < 3.1
    assert dict(reply.headers).items() >= {"x-first": "1", "x-first-bin": b"\x00\xff"}.items()
    assert dict(reply.trailers).items() >= {"x-last": "2", "x-last-bin": b"\xfe"}.items()


@pytest.mark.parametrize("size", [0, 1, 16_379, 16_384, 65_535, 300_000, 4 * MEBIBYTE - 100])
async def test_messages_of_every_size(upstream, size):
    content = bytes(range(256)) * (size // 256 + 1)
    assert (await upstream.unary(call("Echo", content[:size]))).content == content[:size]


async def test_an_answer_that_is_too_long(upstream):
    with pytest.raises(StatusError) as caught:
        await upstream.unary(call("Repeat", b"%d" % (5 * MEBIBYTE)))
    assert caught.value.code == 8


@pytest.mark.parametrize("request_", [b"plain", b"details"])
async def test_errors_arrive_whole(upstream, request_):
    with pytest.raises(StatusError) as caught:
        await upstream.unary(call("Fail", request_))
    error = caught.value
    assert (error.code, error.status.message) == (9, "日本 100%")
    assert dict(error.trailers)["x-why"] == "so"
    assert [each.value for each in error.status.details] == (
        [b"\x01"] if request_ == b"details" else []
    )


async def test_an_unknown_method(upstream):
    with pytest.raises(StatusError) as caught:
        await upstream.unary(call("Nope"))
    assert caught.value.code == 12


async def test_the_deadline_ends_the_call_on_both_sides(upstream, server):
    started = time.monotonic()
    with pytest.raises(StatusError) as caught:
        await upstream.unary(call("Wait", seconds=0.2))
    assert caught.value.code == 4
    assert time.monotonic() - started < 1
    await asyncio.wait_for(server.cancelled.wait(), 2)


async def test_a_caller_who_leaves_cancels_the_call(upstream, server):
    task = asyncio.create_task(upstream.unary(call("Wait")))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.cancelled.wait(), 2)


async def test_many_calls_at_once(upstream):
    replies = await asyncio.gather(*(upstream.unary(call("Echo", b"%d" % n)) for n in range(500)))
    assert [int(reply.content) for reply in replies] == list(range(500))


async def test_a_server_stream(upstream):
    stream = upstream.open(call("Count", b"1000"))
    assert await read_all(stream) == [b"%d" % number for number in range(1000)]
    assert dict(stream.trailers())["x-last"] == "end"
    stream.cancel()


async def test_a_stream_that_is_cancelled(upstream, server):
    stream = upstream.open(call("Hang"))
    assert await stream.read() == b"first"
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0.1)
    stream.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.wait_for(server.cancelled.wait(), 2)


async def test_a_stream_has_a_deadline(upstream):
    stream = upstream.open(call("Hang", seconds=0.3))
    assert await stream.read() == b"first"
    with pytest.raises(StatusError) as caught:
        await stream.read()
    assert caught.value.code == 4
    stream.cancel()


async def test_client_and_bidi_streams(upstream, server):
    if server.engine == "native":
        with pytest.raises(StatusError):
            await upstream.unary(call("Sum"))
        return
    stream = upstream.open(call("Sum", None))
    for number in range(100):
        await stream.send(b"%d" % number)
    await stream.half_close()
    assert await read_all(stream) == [b"4950"]
    stream.cancel()
    chat = upstream.open(call("Chat", None))
    for word in (b"a", b"b"):
        await chat.send(word)
        assert await chat.read() == word.upper()
    await chat.half_close()
    assert await chat.read() is None
    chat.cancel()


async def test_nobody_there():
    for transport in (LEAN, GRPCIO):
        upstream = make_upstream("t", "127.0.0.1:1", transport)
        with pytest.raises(StatusError) as caught:
            await upstream.unary(call("Echo"))
        assert (caught.value.code, caught.value.status.message) == (14, "t is not available.")
        stream = upstream.open(call("Count"))
        with pytest.raises(StatusError) as caught:
            await stream.read()
        assert caught.value.code == 14
        stream.cancel()
        await upstream.close()


async def test_a_server_that_comes_back(upstream, server):
    await upstream.unary(call("Echo", b"1"))
    port = server.port
    await server.stop()
    server_again = Server(server.engine)
    await server_again.start(port)
    codes = []
    for _ in range(50):
        try:
            assert (await upstream.unary(call("Echo", b"2"))).content == b"2"
        except StatusError as error:
            codes.append(error.code)
            await asyncio.sleep(0.1)
        else:
            break
    assert set(codes) <= {14}
    assert len(codes) < 20
    await server_again.stop()


async def test_a_slow_reader_stops_the_server(server):
    upstream = make_upstream("t", server.target)
    stream = upstream.open(call("Hang", b"more"))
    assert await stream.read() == b"first"
    await asyncio.sleep(0.5)
    before = server.calls
    await asyncio.sleep(0.3)
    assert server.calls == before
    assert stream._exchange._queued <= 256 * 1024
    for _ in range(50):
        assert len(await stream.read()) == 16_384
    stream.cancel()
    await upstream.close()


async def test_one_address_of_two_dies():
    servers = [Server("grpcio"), Server("grpcio")]
    for each in servers:
        await each.start()
    upstream = make_upstream("t", ",".join(each.target for each in servers))
    failed = []

    async def work() -> None:
        for _ in range(250):
            try:
                await upstream.unary(call("Echo", b"a", safe=True))
            except StatusError as error:
                failed.append((error.code, error.status.message))

    tasks = [asyncio.create_task(work()) for _ in range(8)]
    await asyncio.sleep(0.2)
    assert all(each.calls for each in servers)
    await servers[0].stop()
    await asyncio.gather(*tasks)
    assert failed == []
    assert servers[1].calls > servers[0].calls
    await upstream.close()
    await servers[1].stop()


@pytest.fixture
def certificate(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path / "ca.pem"
    path.write_bytes(public)
    return path, private, public


async def test_tls(certificate, monkeypatch):
    path, private, public = certificate
    server = Server("grpcio")
    server.server = grpc.aio.server()
    handlers = {"Echo": grpc.unary_unary_rpc_method_handler(server.echo)}
    server.server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("t.T", handlers)])
    credentials = grpc.ssl_server_credentials([(private, public)])
    port = server.server.add_secure_port("localhost:0", credentials)
    await server.server.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    upstream = make_upstream("t", f"https://localhost:{port}")
    assert (await upstream.unary(call("Echo", b"a"))).content == b"a"
    await upstream.close()
    monkeypatch.delenv("SSL_CERT_FILE")
    distrustful = make_upstream("t", f"https://localhost:{port}")
    with pytest.raises(StatusError) as caught:
        await distrustful.unary(call("Echo", b"a"))
    assert caught.value.code == 14
    await distrustful.close()
    assert ssl.HAS_ALPN
    await server.stop()
