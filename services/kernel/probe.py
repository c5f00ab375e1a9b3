"""Asks the room of this container how it does: `python -m services.kernel.probe`.

Exits with 0 when it serves, else with 1: what a container's health check runs.
"""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.

import sys
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

TIMEOUT_SECONDS = 2.0


def serves(address: str) -> bool:
    with grpc.insecure_channel(address) as channel:
        try:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


if __name__ == "__main__":
    listen = os.environ[f"LIBRAL_{os.environ['SERVICE'].upper()}_LISTEN"]
    port = listen.rpartition(":")[2]
    sys.exit(0 if serves(f"127.0.0.1:{port}") else 1)
