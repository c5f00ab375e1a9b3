"""Health checks: of services over gRPC, of processes over HTTP, of servers by a query."""

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
from services.metrics.domain.modules import Check
from services.metrics.domain.reasons import Reason, ReasonCode

CHECK = "/grpc.health.v1.Health/Check"
TIMEOUT_SECONDS = 1.0
ANSWER_BYTES_MAX = 64 * 1024
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
    """The health check of a service by grpc.health.v1."""

    def __init__(self, target: str) -> None:
        self._channel = grpc.aio.insecure_channel(target, options=OPTIONS)
        self._check = self._channel.unary_unary(
            CHECK,
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )

    async def check(self) -> Check:
        start = time.perf_counter()
        try:
            answer = await self._check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            refused = error.code() == grpc.StatusCode.UNAVAILABLE
            return failed(start, error.code().name, refused=refused)
        serving = answer.status == health_pb2.HealthCheckResponse.SERVING
        return answered(start, None if serving else Reason(ReasonCode.REPORTED_NOT_SERVING))

    async def close(self) -> None:
        await self._channel.close()


def http_client() -> httpx.AsyncClient:
    """Return the client of the HTTP health checks.

    It ignores proxies, and opens a connection for each check: an idle connection
    does not show that the process accepts new ones.
    """
    return httpx.AsyncClient(
        headers={"Accept": "application/json"},
        limits=httpx.Limits(max_keepalive_connections=0),
        timeout=None,  # noqa: S113 - a check has one deadline for all of its steps
        trust_env=False,
    )


class HttpHealth:
    """The health check of a process by a GET request.

    The answer is JSON with the version and start time of the process.
    """

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url

    async def check(self) -> Check:
        start = time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, content = await self._get()
            version, start_time = read_answer(content)
        except (httpx.HTTPError, OSError, ValueError) as error:
            cause = find_cause(error)
            refused = isinstance(cause, ConnectionRefusedError)
            return failed(start, type(cause).__name__, refused=refused)
        bad_status = Reason(ReasonCode.CHECK_BAD_STATUS, {"status": str(status)})
        reason = None if status == HTTPStatus.OK else bad_status
        return answered(start, reason, version, start_time)

    async def _get(self) -> tuple[int, bytes]:
        content = b""
        async with self._client.stream("GET", self._url) as response:
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > ANSWER_BYTES_MAX:
                    raise ValueError("The answer is too long.")
            return response.status_code, content


def read_answer(content: bytes) -> tuple[str, datetime | None]:
    """Return the version and start time that an answer holds.

    Raises:
        ValueError: It is not valid JSON, or the time is not ISO 8601.
    """
    answer: dict[str, Any] = json.loads(content) if content.startswith(b"{") else {}
    start = answer.get("startTime")
    return str(answer.get("version", "")), datetime.fromisoformat(str(start)) if start else None


def find_cause(error: BaseException) -> BaseException:
    """Return the operating system's error below an error of httpx, or the error itself."""
    cause: BaseException | None = error
    found = error
    while cause is not None:
        if isinstance(cause, OSError):
            found = cause
        cause = cause.__cause__ or cause.__context__
    return found


class DatabaseHealth:
    """The health check of PostgreSQL by a query of its version and start time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check(self) -> Check:
        start = time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._database.reading() as connection:
                row = (await connection.execute(SERVER)).one()
        except (UnavailableError, TimeoutError) as error:
            return failed(start, type(error).__name__, refused=False)
        return answered(start, version=row.version, start_time=row.start)


class CacheHealth:
    """The health check of Valkey or Redis by INFO, which holds its version."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def check(self) -> Check:
        start = time.perf_counter()
        try:
            info: dict[str, Any] = await self._client.info("server")
        except (RedisError, OSError, TimeoutError) as error:
            return failed(start, type(error).__name__, refused=False)
        version = str(info.get("valkey_version") or info.get("redis_version", ""))
        return answered(start, version=version)


def failed(start: float, error: str, *, refused: bool) -> Check:
    """Return the check that got no answer. `start` is a value of `time.perf_counter()`."""
    return Check(
        serving=False,
        refused=refused,
        latency_seconds=time.perf_counter() - start,
        reason=Reason(ReasonCode.CHECK_FAILED, {"error": error}),
    )


def answered(
    start: float,
    reason: Reason | None = None,
    version: str = "",
    start_time: datetime | None = None,
) -> Check:
    """Return the check that got an answer. It does not serve if there is a reason."""
    return Check(
        serving=reason is None,
        refused=False,
        latency_seconds=time.perf_counter() - start,
        reason=reason,
        version=version,
        start_time=start_time,
    )
