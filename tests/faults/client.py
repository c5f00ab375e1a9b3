"""Clients of the mesh: an admin, Telegram, and a service over gRPC."""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aiohttp
import grpc
from libral.events.v1 import events_pb2, events_pb2_grpc

from services.kernel.rpc.channels import ServiceChannels
from services.kernel.rpc.tokens import ServiceTokens, load_key
from services.users.adapters import TokenSigner
from tests.fakes import botapi
from tests.faults.mesh import FaultMesh

CALL_SECONDS = 8.0
RENEW_SECONDS = 300.0
ADMIN = "users/00000000-0000-7000-8000-000000000001"
SENDER = "faults"
AWAY_STATUSES = frozenset({429, 499, 502, 503, 504})
AWAY_ERRORS = (aiohttp.ClientError, OSError, TimeoutError)
AWAY_CODES = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)


class FaultClient:
    """Calls to a mesh that may not respond because of faults. Callers handle the outcome."""

    def __init__(self, mesh: FaultMesh, http: aiohttp.ClientSession) -> None:
        self._mesh = mesh
        self._http = http
        secrets = mesh.home.secrets
        self._signer = TokenSigner(load_key("token", (secrets / "token.pem").read_bytes()))
        key = load_key("mesh", (secrets / "mesh.pem").read_bytes())
        self._channels = ServiceChannels(ServiceTokens(SENDER, key))
        self._token = ""
        self._made = float("-inf")

    async def close(self) -> None:
        await self._channels.close()

    @property
    def http(self) -> aiohttp.ClientSession:
        return self._http

    @property
    def url(self) -> str:
        return self._mesh.gateway

    def token(self) -> str:
        """Return an admin token, signed with the mesh's token key."""
        if time.monotonic() - self._made > RENEW_SECONDS:
            now = datetime.now(UTC)
            self._token = self._signer.sign_token(ADMIN, now, roles=["ADMIN"]).token
            self._made = time.monotonic()
        return self._token

    async def call(
        self, method: str, path: str, body: Any = None, *, request: str = ""
    ) -> tuple[int, Any]:
        """Call a route as an admin. Return status and response; status 0 means no response."""
        headers = {
            "authorization": f"Bearer {self.token()}",
            "x-request-id": request or str(uuid4()),
        }
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
        try:
            async with self._http.request(
                method, self.url + path, json=body, headers=headers, timeout=timeout
            ) as response:
                return response.status, await response.json()
        except (*AWAY_ERRORS, ValueError) as error:
            return 0, type(error).__name__

    async def post_update(self, update: dict[str, Any]) -> int:
        """Deliver an update as Telegram does. Return the status, or 0 without a response."""
        headers = {"x-telegram-bot-api-secret-token": botapi.SECRET}
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
        try:
            async with self._http.post(
                f"{self.url}/v1/telegram/webhook", json=update, headers=headers, timeout=timeout
            ) as response:
                await response.read()
                return response.status
        except AWAY_ERRORS:
            return 0

    def log(self, target: str) -> Any:
        """Return a stub for the log at one process of the events service."""
        return events_pb2_grpc.EventServiceStub(self._channels.get_channel(target))

    async def append(self, target: str, events: list[events_pb2.Event]) -> list[int]:
        request = events_pb2.AppendEventsRequest(events=events)
        response = await self.log(target).AppendEvents(request, timeout=CALL_SECONDS)
        return list(response.positions)
