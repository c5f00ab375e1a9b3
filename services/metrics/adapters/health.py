"""Health checks: services over gRPC, processes over HTTP, PostgreSQL and cache by a query."""

import asyncio
import json
import time
from datetime import datetime
from http import HTTPStatus
from typing import Any

import grpc
import httpx
import redis.asyncio
from grpc_health.v1 import health_pb2
from redis.exceptions import RedisError
from sqlalchemy import text

from services.kernel.database.database import Database
from services.kernel.errors import UnavailableError
from services.metrics.domain.modules import HealthCheckResult
from services.metrics.domain.reasons import ReasonCode, StateReason

CHECK = "/grpc.health.v1.Health/Check"
TIMEOUT_SECONDS = 1.0
RESPONSE_BYTES_MAX = 64 * 1024
SERVER = text(
    "SELECT split_part(current_setting('server_version'), ' ', 1) AS version, "
    "pg_postmaster_start_time() AS start"
)
OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
)


class GrpcHealth:
    """Health check of a service over grpc.health.v1."""

    def __init__(self, target: str) -> None:
        self._channel = grpc.aio.insecure_channel(target, options=OPTIONS)
        self._check = self._channel.unary_unary(
            CHECK,
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )

    async def check(self) -> HealthCheckResult:
        start = time.perf_counter()
        try:
            response = await self._check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            refused = error.code() == grpc.StatusCode.UNAVAILABLE
            return failed_result(start, error.code().name, refused=refused)
        serving = response.status == health_pb2.HealthCheckResponse.SERVING
        return completed_result(
            start, None if serving else StateReason(ReasonCode.REPORTED_NOT_SERVING)
        )

    async def close(self) -> None:
        await self._channel.close()


def create_http_client() -> httpx.AsyncClient:
    """Return a client for HTTP health checks.

    It ignores proxy settings and opens a connection per check, because an idle connection does
    not show that the process accepts new ones.
    """
    return httpx.AsyncClient(
        headers={"Accept": "application/json"},
        limits=httpx.Limits(max_keepalive_connections=0),
        timeout=None,  # noqa: S113 - a check has one deadline for all of its steps
        trust_env=False,
    )


class HttpHealth:
    """Health check of a process by a GET request.

    The response is JSON with the version and start time of the process.
    """

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url

    async def check(self) -> HealthCheckResult:
        start = time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, content = await self._get()
            version, start_time = parse_health_response(content)
        except (httpx.HTTPError, OSError, ValueError) as error:
            cause = find_os_error(error)
            refused = isinstance(cause, ConnectionRefusedError)
            return failed_result(start, type(cause).__name__, refused=refused)
        bad_status = StateReason(ReasonCode.CHECK_BAD_STATUS, {"status": str(status)})
        reason = None if status == HTTPStatus.OK else bad_status
        return completed_result(start, reason, version, start_time)

    async def _get(self) -> tuple[int, bytes]:
        content = b""
        async with self._client.stream("GET", self._url) as response:
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > RESPONSE_BYTES_MAX:
                    raise ValueError("The response is too long.")
            return response.status_code, content


def parse_health_response(content: bytes) -> tuple[str, datetime | None]:
    """Return the version and start time in a response, empty and None if it is not JSON.

    Raises:
        ValueError: The JSON is malformed, or the time is not ISO 8601.
    """
    fields: dict[str, Any] = json.loads(content) if content.startswith(b"{") else {}
    start = fields.get("startTime")
    return str(fields.get("version", "")), datetime.fromisoformat(str(start)) if start else None


def find_os_error(error: BaseException) -> BaseException:
    """Return the OSError that caused an error of httpx, or the error itself."""
    cause: BaseException | None = error
    found = error
    while cause is not None:
        if isinstance(cause, OSError):
            found = cause
        cause = cause.__cause__ or cause.__context__
    return found


class DatabaseHealth:
    """Health check of PostgreSQL. It queries the version and start time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check(self) -> HealthCheckResult:
        start = time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._database.reading() as connection:
                row = (await connection.execute(SERVER)).one()
        except (UnavailableError, TimeoutError) as error:
            return failed_result(start, type(error).__name__, refused=False)
        return completed_result(start, version=row.version, start_time=row.start)


class CacheHealth:
    """Health check of Valkey or Redis by INFO, which contains the version."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def check(self) -> HealthCheckResult:
        start = time.perf_counter()
        try:
            info: dict[str, Any] = await self._client.info("server")
        except (RedisError, OSError, TimeoutError) as error:
            return failed_result(start, type(error).__name__, refused=False)
        version = str(info.get("valkey_version") or info.get("redis_version", ""))
        return completed_result(start, version=version)


def failed_result(start: float, error: str, *, refused: bool) -> HealthCheckResult:
    """Return the result without a response. `start` is a value of `time.perf_counter()`."""
    return HealthCheckResult(
        serving=False,
        refused=refused,
        latency_seconds=time.perf_counter() - start,
        reason=StateReason(ReasonCode.CHECK_FAILED, {"error": error}),
    )


def completed_result(
    start: float,
    reason: StateReason | None = None,
    version: str = "",
    start_time: datetime | None = None,
) -> HealthCheckResult:
    """Return the result with a response. A `reason` means that the module does not serve."""
    return HealthCheckResult(
        serving=reason is None,
        refused=False,
        latency_seconds=time.perf_counter() - start,
        reason=reason,
        version=version,
        start_time=start_time,
    )
