"""Calls to the events service of a mesh with a service token, and events to append."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp
from libral.events.v1 import events_pb2

from gateway.upstream import UpstreamCall
from gateway.upstream.lean import LeanUpstream
from services.kernel.rpc.tokens import ServiceTokens, load_key
from tests.benchmarks.gateway.mesh import BenchmarkMesh

APPEND = "/libral.events.v1.EventService/AppendEvents"
PACKAGE = "libral.events.v1"
CALL_SECONDS = 60.0
CITIES = ("東京都渋谷区", "大阪市北区", "札幌市中央区", "福岡市博多区")


def database_url(mesh: BenchmarkMesh) -> str:
    return str(mesh.users.environ()["DATABASE_URL"])


def password(mesh: BenchmarkMesh) -> str:
    return str(mesh.users.environ()["LIBRAL_ADMIN_PASSWORD"])


def service_token(mesh: BenchmarkMesh) -> str:
    key = Path(mesh.users.environ()["LIBRAL_MESH_KEY"]).read_bytes()
    return ServiceTokens("bench", load_key("LIBRAL_MESH_KEY", key)).current_token()


def make_event(dice: random.Random, number: int) -> events_pb2.Event:
    """Return an event of about 350 bytes, like a payment event. No service reacts to its type."""
    user = f"users/0199{dice.getrandbits(48):012x}"
    event = events_pb2.Event(
        id=str(uuid4()),
        type="order.shipped",
        source="payments",
        subject=f"payments/0199{number:012x}",
        category=events_pb2.Event.PAYMENT,
        level=events_pb2.Event.INFO,
        actor="services/telegram",
        request_id=str(uuid4()),
        time=Timestamp(seconds=1_780_000_000 + number, nanos=dice.randrange(10**6) * 1000),
    )
    event.data.update(
        {
            "amount": str(dice.randint(1, 5000)),
            "currency": "XTR",
            "user": user,
            "city": dice.choice(CITIES),
        }
    )
    return event


def make_requests(count: int, size: int, seed: int) -> list[bytes]:
    """Return `count` serialized requests of `size` events each."""
    dice = random.Random(seed)
    return [
        events_pb2.AppendEventsRequest(
            events=[make_event(dice, number * size + each) for each in range(size)]
        ).SerializeToString()
        for number in range(count)
    ]


async def append(mesh: BenchmarkMesh, requests: Sequence[bytes], at_once: int) -> None:
    """Send all requests, at most `at_once` concurrently."""
    upstream = LeanUpstream("benchmark", [mesh.targets[PACKAGE]])
    metadata = [("authorization", f"Bearer {service_token(mesh)}")]
    turns = iter(requests)

    async def work() -> None:
        for message in turns:
            await upstream.unary(UpstreamCall(APPEND, message, metadata, CALL_SECONDS))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())
    finally:
        await upstream.close()
