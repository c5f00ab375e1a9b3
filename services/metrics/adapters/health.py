"""Health checks: of rooms over gRPC, of pages over HTTP, of the servers by a query."""

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlsplit

import grpc
import redis.asyncio
from grpc_health.v1 import health_pb2
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from sqlalchemy import text

from services.kernel.database.database import Database
from services.kernel.errors import UnavailableError
from services.metrics.domain import Check

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


class RoomHealth:
    """Checks a room by grpc.health.v1."""

    def __init__(self, target: str) -> None:
        self._channel = grpc.aio.insecure_channel(target, options=OPTIONS)
        self._check = self._channel.unary_unary(
            CHECK,
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )

    async def check(self) -> tuple[Check, dict[str, Any]]:
        start = time.perf_counter()
        try:
            answer = await self._check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            refused = error.code() == grpc.StatusCode.UNAVAILABLE
            problem = f"The health check ended with {error.code().name}."
            return failed(start, problem, refused=refused), {}
        serving = answer.status == health_pb2.HealthCheckResponse.SERVING
        problem = "" if serving else "It answers that it does not serve."
        return answered(start, problem, serving=serving), {}


class PageHealth:
    """Checks a process by `GET /healthz`, which tells its version and pid in JSON."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)

    async def check(self) -> tuple[Check, dict[str, Any]]:
        start = time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, body = await self._get()
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
            refused = isinstance(error, ConnectionRefusedError)
            problem = f"The health check failed: {type(error).__name__}."
            return failed(start, problem, refused=refused), {}
        serving = status == 200  # noqa: PLR2004 - HTTP's OK
        problem = "" if serving else f"The health check answered {status}."
        return answered(start, problem, serving=serving), body

    async def _get(self) -> tuple[int, dict[str, Any]]:
        host, port = self._parts.hostname or "", self._parts.port or 80
        reader, writer = await asyncio.open_connection(host, port)
        try:
            request = (
                f"GET {self._parts.path} HTTP/1.0\r\nHost: {self._parts.netloc}\r\n"
                "Accept: application/json\r\n\r\n"
            )
            writer.write(request.encode())
            await writer.drain()
            answer = await reader.read(ANSWER_BYTES_MAX)
            while chunk := await reader.read(ANSWER_BYTES_MAX):
                answer += chunk
                if len(answer) > ANSWER_BYTES_MAX:
                    raise ValueError("too long")
        finally:
            writer.close()
        head, _, content = answer.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        body = json.loads(content) if content.startswith(b"{") else {}
        return status, body


class DatabaseHealth:
    """Checks PostgreSQL by a query, which tells its version and start."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check(self) -> tuple[Check, dict[str, Any]]:
        start = time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._database.reading() as connection:
                row = (await connection.execute(SERVER)).one()
        except (UnavailableError, TimeoutError) as error:
            problem = f"The health check failed: {type(error).__name__}."
            return failed(start, problem, refused=False), {}
        said = {"version": row.version, "startTime": row.start.isoformat()}
        return answered(start, "", serving=True), said


class CacheHealth:
    """Checks Valkey or Redis by INFO, which tells its version."""

    def __init__(self, url: str) -> None:
        self._client = redis.asyncio.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    async def check(self) -> tuple[Check, dict[str, Any]]:
        start = time.perf_counter()
        try:
            info: dict[str, Any] = await self._client.info("server")
        except (RedisError, OSError, TimeoutError) as error:
            problem = f"The health check failed: {type(error).__name__}."
            return failed(start, problem, refused=False), {}
        version = info.get("valkey_version") or info.get("redis_version", "")
        return answered(start, "", serving=True), {"version": str(version)}


def failed(start: float, problem: str, *, refused: bool) -> Check:
    return Check(False, refused, time.perf_counter() - start, problem)  # noqa: FBT003 - serving


def answered(start: float, problem: str, *, serving: bool) -> Check:
    return Check(serving, False, time.perf_counter() - start, problem)  # noqa: FBT003 - refused
