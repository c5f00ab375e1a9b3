"""The health check of a container: `python -m services.kernel.probe`.

It exits with 0 if the container's service is SERVING, else with 1. SERVICE in
the environment is its name.
"""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.

import sys
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

TIMEOUT_SECONDS = 2.0


def is_serving(address: str) -> bool:
    """True if the gRPC server at `host:port` is SERVING. Wait at most 2 seconds."""
    with grpc.insecure_channel(address) as channel:
        try:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            response = stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
        except grpc.RpcError:
            return False
    return bool(response.status == health_pb2.HealthCheckResponse.SERVING)


if __name__ == "__main__":
    listen = os.environ[f"LIBRAL_{os.environ['SERVICE'].upper()}_LISTEN"]
    port = listen.rpartition(":")[2]
    sys.exit(0 if is_serving(f"127.0.0.1:{port}") else 1)
