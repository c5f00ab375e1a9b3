"""A running mesh as its tests see it: over HTTP, whatever it runs in."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from tests.fakes import botapi


@dataclass(frozen=True)
class Mesh:
    """Where a running mesh is, and the password of its admin."""

    gateway: str
    dashboard: str
    password: str

    def token(self) -> str:
        body = {"login": "admin", "password": self.password}
        answer = httpx.post(f"{self.gateway}/v1/auth:login", json=body, trust_env=False)
        return answer.raise_for_status().json()["accessToken"]

    def client(self) -> httpx.Client:
        headers = {"authorization": f"Bearer {self.token()}"}
        return httpx.Client(base_url=self.gateway, headers=headers, trust_env=False, timeout=15)

    def post_update(self, update: dict) -> int:
        headers = {"x-telegram-bot-api-secret-token": botapi.SECRET}
        url = f"{self.gateway}/v1/telegram/webhook"
        return httpx.post(url, json=update, headers=headers, trust_env=False).status_code

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.gateway}/readyz", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


def modules(client: httpx.Client) -> dict[str, dict]:
    found = client.get("/v1/modules").raise_for_status().json()["modules"]
    return {module["name"].removeprefix("modules/"): module for module in found}


def wait_for(holds: Callable[[], bool], seconds: float, what: str) -> float:
    """Waits until `holds()`. Tells how long it took."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < seconds, what
        time.sleep(0.05)
    return time.monotonic() - started
