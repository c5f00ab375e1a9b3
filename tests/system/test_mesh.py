"""The whole mesh on real input, as an operator and as Telegram see it."""

import json
import os
import signal
import time

import httpx
import psutil
import pytest
from playwright.sync_api import expect

from tests.fakes import botapi

pytestmark = pytest.mark.timeout(240)
WATCH = """() => {
    window.seen = [];
    const label = document.querySelector('.live');
    const note = () => window.seen.push(label.textContent.trim());
    const changes = {childList: true, characterData: true, subtree: true};
    new MutationObserver(note).observe(label, changes);
}"""
ROOMS = ("users", "payments", "events", "telegram")


def modules(client: httpx.Client) -> dict[str, dict]:
    found = client.get("/v1/modules").raise_for_status().json()["modules"]
    return {module["name"].removeprefix("modules/"): module for module in found}


def wait_for(holds, seconds: float, what: str) -> float:
    """Waits until `holds()`. Tells how long it took."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < seconds, what
        time.sleep(0.05)
    return time.monotonic() - started


def test_health_and_refusals(mesh):
    with httpx.Client(base_url=mesh.gateway, trust_env=False) as anonymous:
        assert anonymous.get("/healthz").status_code == 200
        assert anonymous.get("/readyz").status_code == 200
        assert anonymous.get("/v1/users").status_code == 401
        assert anonymous.get("/nothing").status_code == 404
        forged = anonymous.post("/v1/telegram/webhook", json=botapi.command(1, "/start"))
        assert forged.status_code == 401
        large = anonymous.post("/v1/auth:login", content=b" " * (1024 * 1024 + 1))
        assert large.status_code == 413
    with mesh.client() as client:
        unknown = client.get("/v1/users?pageSise=5")
        assert unknown.status_code == 400
        violations = unknown.json()["error"]["details"]
        assert "pageSise" in json.dumps(violations)
        assert client.get("/v1/users?pageToken=nonsense").status_code == 400
        assert client.get("/v1/users/01990000-0000-7000-8000-000000000000").status_code == 404


def test_tiles_agree_with_the_machine(mesh, page):
    memory = page.locator(".tile", has_text="メモリ使用率").locator(".value").inner_text()
    measured = psutil.virtual_memory().percent
    assert abs(float(memory.removesuffix("%")) - measured) < 5


def test_a_start_and_a_payment_show_in_an_open_browser(mesh, page):
    with mesh.client() as client:
        head = int(client.get("/v1/events:stats").json()["headPosition"])
        start, pay = botapi.command(101, "/start", 77), botapi.paid(102, "charge-77", 250, 77)
        for update in (pay, start, pay, start):
            assert mesh.post_update(update) == 200
        sent = time.monotonic()
        feed = page.locator(".panel", has_text="リアルタイムイベント")
        expect(feed).to_contain_text("ユーザー登録", timeout=5000)
        expect(feed).to_contain_text("250 ⭐", timeout=5000)
        assert time.monotonic() - sent < 3
        payments = client.get("/v1/payments").json()["payments"]
        ours = [one for one in payments if one["telegramChargeId"] == "charge-77"]
        amounts = [{"currencyCode": "XTR", "units": "250", "nanos": 0}]
        assert [one["amount"] for one in ours] == amounts
        users = client.get("/v1/users").json()["users"]
        assert len([one for one in users if one.get("telegramId") == "77"]) == 1
        events = client.get("/v1/events?pageSize=100").json()["events"]
        fresh = [e["type"] for e in events if int(e["position"]) > head]
        told = sorted(kind for kind in fresh if kind.startswith(("user.", "payment.")))
        assert told == ["payment.completed", "user.registered"]
    page.goto(f"{mesh.dashboard}/payments")
    expect(page.locator("table")).to_contain_text("250 ⭐")
    assert "¥" not in page.locator("table").inner_text()


@pytest.mark.parametrize("room", ROOMS)
def test_a_killed_room_shows_and_comes_back(mesh, room):
    with mesh.client() as client:
        before = modules(client)[room]["pid"]
        os.kill(before, signal.SIGKILL)
        seen = wait_for(
            lambda: (
                modules(client)[room]["state"] in {"STOPPED", "ERROR", "STARTING"}
                or modules(client)[room].get("pid") not in {None, before}
            ),
            5,
            f"{room} was killed and shows nothing",
        )
        assert seen < 5
        assert client.get("/v1/modules").status_code == 200
        wait_for(
            lambda: (
                modules(client)[room]["state"] == "HEALTHY"
                and modules(client)[room]["pid"] != before
            ),
            30,
            f"{room} did not come back",
        )


def test_restart_from_the_dashboard_changes_the_pid(mesh, page):
    with mesh.client() as client:
        before = modules(client)["payments"]["pid"]
        page.goto(f"{mesh.dashboard}/modules")
        card = page.locator("[data-module=payments]")
        expect(card).to_contain_text(f"PID{before}")
        card.get_by_role("button", name="再起動").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("決済サービスを再起動します。よろしいですか？")
        dialog.get_by_role("button", name="再起動").click()
        expect(card).not_to_contain_text(f"PID{before}", timeout=20_000)
        wait_for(lambda: modules(client)["payments"]["state"] == "HEALTHY", 20, "not healthy")
        assert modules(client)["payments"]["pid"] != before


def test_stop_and_start_from_the_dashboard(mesh, page):
    with mesh.client() as client:
        before = modules(client)["telegram"]["pid"]
        page.goto(f"{mesh.dashboard}/modules")
        card = page.locator("[data-module=telegram]")
        for action, state in (("停止", "停止"), ("起動", "正常")):
            card.get_by_role("button", name=action, exact=True).click()
            page.get_by_role("dialog").get_by_role("button", name=action, exact=True).click()
            expect(card.locator(".badge")).to_have_text(state, timeout=20_000)
            wait_for(lambda: not psutil.pid_exists(before), 10, "the process goes on")
        assert modules(client)["telegram"]["pid"] != before


def test_a_stream_resumes_across_a_gateway_restart(mesh):
    seen = read_positions(mesh, 0, 3)
    mesh.run("restart", "gateway")
    wait_for(lambda: answers(mesh), 20, "the gateway did not come back")
    seen += read_positions(mesh, seen[-1], 3)
    assert seen == list(range(1, len(seen) + 1))


def answers(mesh) -> bool:
    try:
        return httpx.get(f"{mesh.gateway}/readyz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def read_positions(mesh, last: int, number: int) -> list[int]:
    """Reads SSE ids after the last one, as a browser's EventSource does."""
    headers = {"accept": "text/event-stream", "last-event-id": str(last)}
    found: list[int] = []
    with (
        mesh.client() as client,
        client.stream("GET", "/v1/events:stream", headers=headers) as answer,
    ):
        for line in answer.iter_lines():
            if line.startswith("id:"):
                found.append(int(line.removeprefix("id:")))
            if len(found) == number:
                return found
    raise AssertionError(found)


def test_the_page_says_when_it_is_not_live(mesh, page):
    page.evaluate(WATCH)
    mesh.run("restart", "gateway")
    expect(page.locator(".live")).to_have_text("接続中", timeout=20_000)
    page.wait_for_function("window.seen.includes('再接続中…')", timeout=20_000)
    expect(page.locator(".live")).to_have_text("接続中", timeout=20_000)


def test_memory_stays_in_its_bounds(mesh):
    last = mesh.run("status").strip().splitlines()[-1]
    assert float(last.split()[2]) < 700, last
