"""An echo service, compiled at test time, behind a real gateway on real uvicorn."""

import asyncio
import base64
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import google.api.annotations_pb2
import grpc
import grpc_tools
import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf import any_pb2, message_factory
from google.rpc import status_pb2
from grpc_tools import protoc

from gateway.context import GatewayContext
from gateway.contracts.descriptors import Contracts, load_file
from gateway.routing.defaults import make_public
from gateway.routing.table import make_table
from gateway.server.server import GatewayServer, listen
from gateway.upstream import Upstreams
from tests.gateway.chat import ChatService
from tests.gateway.uploading import Uploading

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGE = "test.v1"
DETAILS = "grpc-status-details-bin"


def compile_protos(target: Path, *sources: Path) -> Path:
    """Compile contracts to a descriptor set."""
    roots = {str(source.parent) for source in sources}
    includes = [
        str(ROOT / "protos"),
        str(Path(google.api.annotations_pb2.__file__).parents[2]),
        str(Path(grpc_tools.__file__).parent / "_proto"),
    ]
    status = protoc.main(
        [
            "protoc",
            *(f"--proto_path={path}" for path in [*roots, *includes]),
            "--include_imports",
            "--include_source_info",
            f"--descriptor_set_out={target}",
            *(source.name for source in sources),
        ]
    )
    assert status == 0
    return target


@pytest.fixture(scope="session")
def descriptor_set(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("protos") / "test.binpb"
    return compile_protos(target, HERE / "echo.proto")


@pytest.fixture(scope="session")
def contracts(descriptor_set) -> Contracts:
    return load_file(descriptor_set)


class Tokens:
    """Signs tokens as the users service does, and publishes the key."""

    def __init__(self) -> None:
        self.fetched = 0
        self.rotate("first")

    def rotate(self, key_id: str) -> None:
        self.key_id, self.key = key_id, Ed25519PrivateKey.generate()

    def sign(self, *roles: str, **claims: Any) -> str:
        known = {
            "iss": "libral",
            "sub": "users/1",
            "roles": list(roles),
            "exp": time.time() + 900,
        } | claims
        return jwt.encode(known, self.key, "EdDSA", headers={"kid": self.key_id})

    def bearer(self, *roles: str, **claims: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {self.sign(*roles, **claims)}"}

    def public(self) -> dict[str, str]:
        raw = self.key.public_key().public_bytes_raw()
        x = jwt.utils.base64url_encode(raw).decode()
        return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.key_id}


@dataclass
class EchoService:
    """The upstream: it responds with its requests and records them."""

    contracts: Contracts
    tokens: Tokens
    port: int = 0
    requests: list[Any] = field(default_factory=list)
    metadata: list[dict[str, Any]] = field(default_factory=list)
    remaining: list[float | None] = field(default_factory=list)
    open_streams: int = 0

    async def start(self) -> None:
        self.server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        handlers = {}
        for method in self.contracts.methods:
            name = method.path.rpartition("/")[2]
            make = (
                grpc.unary_stream_rpc_method_handler
                if method.server_streaming
                else grpc.unary_unary_rpc_method_handler
            )
            request_class = message_factory.GetMessageClass(method.input)
            handlers[name] = make(
                getattr(self, snake(name)),
                request_class.FromString,
                lambda m: m.SerializeToString(),
            )
        handler = grpc.method_handlers_generic_handler(f"{PACKAGE}.EchoService", handlers)
        self.server.add_generic_rpc_handlers([handler, HealthHandler()])
        self.port = self.server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self.server.start()

    async def stop(self) -> None:
        await self.server.stop(None)

    @property
    def targets(self) -> dict[str, str]:
        return {PACKAGE: f"127.0.0.1:{self.port}"}

    def forget(self) -> None:
        self.requests, self.metadata, self.remaining = [], [], []

    def message(self, name: str, **values: Any) -> Any:
        kind = self.contracts.pool.FindMessageTypeByName(f"{PACKAGE}.{name}")
        return message_factory.GetMessageClass(kind)(**values)

    def note(self, request: Any, context: Any) -> None:
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        self.remaining.append(context.time_remaining())

    async def echo(self, request, context):
        self.note(request, context)
        return request

    get_item = update_item = get_nested = admin_echo = scoped_echo = header_echo = echo

    async def get_part(self, request, context):
        return self.message("Wrapped", item=request)

    async def get_raw(self, request, context):
        self.note(request, context)
        return request

    async def fail(self, request, context):
        self.note(request, context)
        details = [any_pb2.Any(type_url=d.type_url, value=d.value) for d in request.details]
        status = status_pb2.Status(code=request.code, message=request.text, details=details)
        if request.plain:
            await context.abort(list(grpc.StatusCode)[request.code], request.text)
        context.set_trailing_metadata(((DETAILS, status.SerializeToString()),))
        await context.abort(list(grpc.StatusCode)[request.code], request.text)

    async def sleep(self, request, context):
        self.note(request, context)
        await asyncio.sleep(10)
        return request

    async def get_keys(self, request, context):
        self.tokens.fetched += 1
        return self.message("KeySet", keys=[self.tokens.public()])

    async def count(self, request, context):
        """Count from `after` + 1 to `until`, and then fail, wait or end."""
        self.note(request, context)
        self.open_streams += 1
        try:
            for number in range(request.after + 1, request.until + 1):
                yield self.message("Number", position=number, text="x" * request.size)
            if request.fail:
                await context.abort(grpc.StatusCode.DATA_LOSS, "torn")
            if request.wait:
                await asyncio.sleep(60)
        finally:
            self.open_streams -= 1

    public_count = count


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


class HealthHandler(grpc.GenericRpcHandler):
    """grpc.health.v1.Health/Check, with serialized messages."""

    def service(self, handler_call_details):
        if handler_call_details.method != "/grpc.health.v1.Health/Check":
            return None

        async def check(request, context):
            return b"\x08\x01"

        return grpc.unary_unary_rpc_method_handler(check)


class RunningGateway:
    """A gateway on a free port, with a client."""

    def __init__(
        self,
        contracts: Contracts,
        targets: dict[str, str],
        transport: str = "lean",
        **options: Any,
    ) -> None:
        upstreams = Upstreams(targets, transport)
        self.context = GatewayContext.make(contracts, make_table(contracts), upstreams, **options)
        self._listener = listen("127.0.0.1", 0)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}/v1/ws"
        self.server = GatewayServer(self.context)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.server.serve([self._listener]))
        self.http = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=10)
        await eventually(lambda: self.server.started)
        return self

    async def stop(self) -> None:
        self.server.stop()
        await self._task

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()
        await self.stop()
        await self.context.upstreams.close()


@pytest.fixture(scope="session")
def tokens() -> Tokens:
    return Tokens()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_echo(contracts, tokens) -> AsyncIterator[EchoService]:
    service = EchoService(contracts, tokens)
    await service.start()
    yield service
    await service.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway(contracts, shared_echo) -> AsyncIterator[RunningGateway]:
    async with RunningGateway(contracts, shared_echo.targets) as running:
        yield running


@pytest.fixture
def echo(shared_echo) -> EchoService:
    """The upstream of the gateway, with its records cleared."""
    shared_echo.forget()
    return shared_echo


@pytest.fixture
def http(gateway) -> httpx.AsyncClient:
    return gateway.http


def error_of(response: httpx.Response) -> dict[str, Any]:
    """Return the error of a response, which must be AIP-193."""
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
    assert error["code"] == response.status_code
    return error


def violations_of(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 400, response.text
    for detail in error_of(response)["details"]:
        if detail["@type"].endswith("BadRequest"):
            return {v.get("field", ""): v["description"] for v in detail["fieldViolations"]}
    return {}


async def read_events(response: httpx.Response, count: int = 10_000) -> list[dict[str, str]]:
    """Read server-sent events until the end, or until there are `count`."""
    events: list[dict[str, str]] = []
    event: dict[str, str] = {}
    async for line in response.aiter_lines():
        if not line and event:
            events.append(event)
            event = {}
            if len(events) == count:
                break
        elif line.startswith(":"):
            continue
        elif line:
            name, _, value = line.partition(": ")
            event[name] = value
    return events


async def eventually(condition, seconds: float = 3.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
def upload_contracts(tmp_path_factory) -> Contracts:
    target = tmp_path_factory.mktemp("uploads") / "uploads.binpb"
    return make_public(load_file(compile_protos(target, HERE / "uploads.proto")))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_upstream(upload_contracts) -> AsyncIterator[Uploading]:
    service = Uploading(upload_contracts)
    await service.start()
    yield service
    await service.server.stop(None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def upload_gateway(upload_contracts, shared_upstream) -> AsyncIterator[RunningGateway]:
    """A gateway for client streams, with one allowed origin."""
    origins = frozenset({"https://a.example"})
    targets = shared_upstream.targets
    async with RunningGateway(upload_contracts, targets, cors_origins=origins) as running:
        yield running


@pytest.fixture
def upstream(shared_upstream) -> Uploading:
    """The upstream of `upload_gateway`, with its records cleared."""
    shared_upstream.forget()
    return shared_upstream


@pytest.fixture
def uploading(upload_gateway) -> httpx.AsyncClient:
    return upload_gateway.http


@pytest.fixture(scope="session")
def chat_contracts(tmp_path_factory) -> Contracts:
    target = tmp_path_factory.mktemp("chat") / "chat.binpb"
    return load_file(compile_protos(target, HERE / "chat.proto"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_chat(chat_contracts) -> AsyncIterator[ChatService]:
    async with ChatService(chat_contracts) as service:
        yield service


@pytest.fixture
def chat(shared_chat) -> ChatService:
    shared_chat.forget()
    return shared_chat


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["lean", "grpcio"])
async def talk(request, chat_contracts, shared_chat) -> AsyncIterator[RunningGateway]:
    """A gateway in front of the chat service, over each of the two transports."""
    targets = {"chat.v1": f"127.0.0.1:{shared_chat.port}"}
    async with RunningGateway(chat_contracts, targets, transport=request.param) as running:
        yield running


def detail(message) -> dict[str, str]:
    packed = any_pb2.Any()
    packed.Pack(message)
    value = base64.b64encode(packed.value).decode()
    return {"typeUrl": packed.type_url, "value": value}
