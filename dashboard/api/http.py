"""HTTP client of the gateway: GET and POST of JSON with an access token, and its errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from dashboard import text
from dashboard.api.fields import Json

UNAUTHENTICATED = 401
CALL_SECONDS = 6.0
CONNECTIONS_MAX = 50

Query = Mapping[str, str | int | list[str]]


@dataclass
class GatewayError(Exception):
    """An error of the gateway, with a message for operators. Status 0 means no response."""

    status: int
    reason: str
    message: str

    def __str__(self) -> str:
        return self.message

    @classmethod
    def unreadable(cls) -> "GatewayError":
        """Return the error of a response that violates the contract."""
        return cls(0, "GATEWAY_UNREADABLE", text.common.FAILED)


class GatewayHttp:
    """Sends requests to the gateway over pooled connections."""

    def __init__(self, url: str) -> None:
        self.url = url
        limits = httpx.Limits(max_connections=CONNECTIONS_MAX)
        self._http = httpx.AsyncClient(
            base_url=url, timeout=CALL_SECONDS, limits=limits, trust_env=False
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, token: str, query: Query | None = None) -> Json:
        """Read a resource.

        Raises:
            GatewayError: The gateway did not respond or responded with an error.
        """
        return await self._call("GET", path, token, params=query or {})

    async def post(self, path: str, token: str, body: Json, seconds: float = CALL_SECONDS) -> Json:
        """Post a command with a deadline of `seconds`.

        Raises:
            GatewayError: The gateway did not respond or responded with an error.
        """
        headers = {"x-request-timeout": str(seconds)}
        return await self._call(
            "POST", path, token, json=body, headers=headers, timeout=seconds + 1
        )

    async def _call(self, verb: str, path: str, token: str, **options: Any) -> Json:
        headers = options.pop("headers", {})
        if token:
            headers = {**headers, "authorization": f"Bearer {token}"}
        try:
            response = await self._http.request(verb, path, headers=headers, **options)
            content = response.json() if response.content else {}
        except (httpx.HTTPError, ValueError):
            raise GatewayError(0, "GATEWAY_UNAVAILABLE", text.common.GATEWAY_AWAY) from None
        if response.is_success:
            return content
        raise read_error(response.status_code, content)


def read_error(status: int, content: Any) -> GatewayError:
    """Read an AIP-193 error: its reason, and its localized message if it has one."""
    error = content.get("error", {}) if isinstance(content, dict) else {}
    details = {
        detail.get("@type", "").rpartition(".")[2]: detail for detail in error.get("details", [])
    }
    reason = details.get("ErrorInfo", {}).get("reason", "")
    localized = details.get("LocalizedMessage", {}).get("message", "")
    return GatewayError(status, reason, localized or error.get("message") or text.common.FAILED)
