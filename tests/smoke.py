"""Checks that every mesh passes, in local processes or in containers."""

import json
import time

import httpx
from playwright.sync_api import Page, expect

from tests.fakes import botapi
from tests.mesh import Mesh

LIVE_SECONDS = 1.0
"""Limit from sending an update to its event in an open browser."""


def check_refusals(mesh: Mesh) -> None:
    with httpx.Client(base_url=mesh.gateway, trust_env=False) as anonymous:
        assert anonymous.get("/healthz").status_code == 200
        assert anonymous.get("/readyz").status_code == 200
        assert anonymous.get("/v1/users").status_code == 401
        assert anonymous.get("/nothing").status_code == 404
        forged = anonymous.post("/v1/telegram/webhook", json=botapi.command_update(1, "/start"))
        assert forged.status_code == 401
        large = anonymous.post("/v1/auth:login", content=b" " * (1024 * 1024 + 1))
        assert large.status_code == 413
    with mesh.client() as client:
        unknown = client.get("/v1/users?pageSise=5")
        assert unknown.status_code == 400
        assert "pageSise" in json.dumps(unknown.json()["error"]["details"])
        assert client.get("/v1/users?pageToken=nonsense").status_code == 400
        assert client.get("/v1/users/01990000-0000-7000-8000-000000000000").status_code == 404


def check_start_and_payment(mesh: Mesh, page: Page) -> None:
    """Post both updates twice and out of order. Wait for both events on the open page."""
    with mesh.client() as client:
        head = int(client.get("/v1/events:stats").json()["headPosition"])
        start, pay = (
            botapi.command_update(101, "/start", 77),
            botapi.payment_update(102, "charge-77", 250, 77),
        )
        page.evaluate(WATCH_LIST)
        sent = time.time()
        for update in (pay, start, pay, start):
            assert mesh.post_update(update) == 200
        page.wait_for_function("Object.keys(window.shown).length == 2", timeout=5000)
        shown = max(page.evaluate("Object.values(window.shown)")) / 1000
        assert shown - sent < LIVE_SECONDS
        payments = client.get("/v1/payments").json()["payments"]
        ours = [one for one in payments if one["telegramChargeId"] == "charge-77"]
        amounts = [{"currencyCode": "XTR", "units": "250", "nanos": 0}]
        assert [one["amount"] for one in ours] == amounts
        users = client.get("/v1/users").json()["users"]
        assert len([one for one in users if one.get("telegramId") == "77"]) == 1
        events = client.get("/v1/events?pageSize=100").json()["events"]
        fresh = [e["type"] for e in events if int(e["position"]) > head]
        found = sorted(kind for kind in fresh if kind.startswith(("user.", "payment.")))
        assert found == ["payment.completed", "user.registered"]
    page.goto(f"{mesh.dashboard}/payments")
    expect(page.locator("table")).to_contain_text("250 ⭐")
    assert "¥" not in page.locator("table").inner_text()


# Records when each text first appears in the live list, in milliseconds of the system clock.
WATCH_LIST = """() => {
    window.shown = {};
    const texts = ['ユーザー登録', '250 ⭐'];
    const panels = [...document.querySelectorAll('.panel')];
    const list = panels.find((one) => one.textContent.includes('リアルタイムイベント'));
    const note = () => {
        for (const text of texts)
            if (!(text in window.shown) && list.textContent.includes(text))
                window.shown[text] = performance.timeOrigin + performance.now();
    };
    new MutationObserver(note).observe(
        list, {childList: true, characterData: true, subtree: true});
}"""


def read_positions(mesh: Mesh, last: int, number: int) -> list[int]:
    """Read SSE ids after the last one, like a browser's EventSource."""
    headers = {"accept": "text/event-stream", "last-event-id": str(last)}
    found: list[int] = []
    deadline = time.monotonic() + 10
    with (
        mesh.client() as client,
        client.stream("GET", "/v1/events:stream", headers=headers) as response,
    ):
        for line in response.iter_lines():
            if line.startswith("id:"):
                found.append(int(line.removeprefix("id:")))
            if len(found) == number or time.monotonic() > deadline:
                break
    assert len(found) == number, found
    return found
