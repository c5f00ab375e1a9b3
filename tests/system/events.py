"""Events for tests, appended to the log of a running mesh."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import grpc
from google.protobuf import json_format
from libral.events.v1 import events_pb2, events_pb2_grpc

from deploy.local.home import Home
from services.kernel.rpc.tokens import ServiceTokens, load_key


def event(kind: str, **fields) -> dict:
    """Return an event, by default of category SYSTEM."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    plain = {"id": str(uuid4()), "type": kind, "source": "payments", "category": "SYSTEM"}
    return plain | {"time": now, "data": {}} | fields


def append(mesh, *events: dict, wait: bool = False) -> list[int]:
    """Append events as a service does, without the gateway. Return their positions.

    With `wait`, wait for the events service to become available.
    """
    home = Home(mesh.home)
    port = json.loads((home.run / "ports.json").read_text())["events"]
    key = load_key("mesh", (home.secrets / "mesh.pem").read_bytes())
    token = ServiceTokens("payments", key).current_token()
    request = json_format.ParseDict({"events": list(events)}, events_pb2.AppendEventsRequest())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = events_pb2_grpc.EventServiceStub(channel)
        metadata = (("authorization", f"Bearer {token}"),)
        return list(
            stub.AppendEvents(request, metadata=metadata, timeout=20, wait_for_ready=wait).positions
        )
