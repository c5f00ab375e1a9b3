"""A running mesh as seen by tests over HTTP, however it is deployed."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from tests.fakes import botapi


@dataclass(frozen=True)
class Mesh:
    """The addresses of a running mesh, and its admin password."""

    gateway: str
    dashboard: str
    password: str

    def token(self) -> str:
        body = {"login": "admin", "password": self.password}
        response = httpx.post(f"{self.gateway}/v1/auth:login", json=body, trust_env=False)
        return response.raise_for_status().json()["accessToken"]

    def client(self) -> httpx.Client:
        headers = {"authorization": f"Bearer {self.token()}"}
        return httpx.Client(base_url=self.gateway, headers=headers, trust_env=False, timeout=15)

    def post_update(self, update: dict) -> int:
        headers = {"x-telegram-bot-api-secret-token": botapi.SECRET}
        url = f"{self.gateway}/v1/telegram/webhook"
        return httpx.post(url, json=update, headers=headers, trust_env=False).status_code

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.gateway}/readyz", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


def modules(client: httpx.Client) -> dict[str, dict]:
    found = client.get("/v1/modules").raise_for_status().json()["modules"]
    return {module["name"].removeprefix("modules/"): module for module in found}


def wait_for(holds: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait until `holds()`. Return the seconds that it took."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < seconds, what
        time.sleep(0.05)
    return time.monotonic() - started
