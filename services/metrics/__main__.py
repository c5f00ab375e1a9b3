"""Run the metrics service."""

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it when it is imported.

from contextlib import AsyncExitStack
from functools import partial

import httpx
import redis.asyncio
from libral.metrics.v1 import metrics_pb2_grpc as contract

from services.kernel.server import Kernel, Room, run
from services.metrics import workers
from services.metrics.adapters.cache import CacheCollector, connect
from services.metrics.adapters.health import (
    CacheHealth,
    DatabaseHealth,
    GrpcHealth,
    HttpHealth,
    http_client,
)
from services.metrics.adapters.host import HostCollector
from services.metrics.adapters.postgresql import DatabaseCollector
from services.metrics.adapters.processes import SupervisorClient
from services.metrics.config import MetricsSettings
