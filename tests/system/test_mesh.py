"""The whole mesh, as operators and Telegram use it."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psutil
import pytest
from playwright.sync_api import expect

from deploy.images.builder import ROOT
from deploy.local.programs import SERVICES
from tests import smoke
from tests.mesh import modules, wait_for

pytestmark = pytest.mark.timeout(240)
WATCH = """selector => {
    window.seen = [];
    const note = () => window.seen.push(document.querySelector(selector)?.textContent.trim());
    const changes = {childList: true, characterData: true, subtree: true};
    new MutationObserver(note).observe(document.body, changes);
}"""
READS = {
    "users": "/v1/users",
    "payments": "/v1/payments",
    "events": "/v1/events",
    "metrics": "/v1/infrastructure",
    "telegram": "/v1/telegram/bot",
}
# The gateway, the dashboard, supervisord and the runner share the first bound, in MiB of PSS.
EDGE_MIB, SERVICE_MIB = 350, 70


def test_health_and_refusals(mesh):
    smoke.check_refusals(mesh)


def test_a_start_and_a_payment_show_in_an_open_browser(mesh, page):
    smoke.check_start_and_payment(mesh, page)


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_is_shown_and_restarts_alone(mesh, page, service):
    with mesh.client() as client:
        page.goto(f"{mesh.dashboard}/modules")
        badge = page.locator(f"[data-module={service}] .badge")
        expect(badge).to_have_text("正常", timeout=20_000)
        before = modules(client)[service]["pid"]
        page.evaluate(WATCH, f"[data-module={service}] .badge")
        others = [path for other, path in READS.items() if other != service]
        with reading(mesh, others) as statuses:
            os.kill(before, signal.SIGKILL)
            # The state may be short, so the observer records all changes.
            page.wait_for_function("seen.some(words => /停止|エラー/.test(words))", timeout=5000)
            expect(badge).to_have_text("正常", timeout=30_000)
        assert set(statuses) == {200}, statuses
        assert modules(client)[service]["pid"] != before


@contextmanager
def reading(mesh, paths: list[str]) -> Iterator[Counter[int]]:
    """Read paths repeatedly inside the context, and count the statuses."""
    ended, statuses = threading.Event(), Counter()

    def read() -> None:
        while not ended.is_set():
            for path in paths:
                statuses[client.get(path).status_code] += 1
            ended.wait(0.1)

    with mesh.client() as client, ThreadPoolExecutor(1) as pool:
        reads = pool.submit(read)
        try:
            yield statuses
        finally:
            ended.set()
            reads.result(30)


@pytest.mark.parametrize("program", ["gateway", "dashboard", "postgres", "valkey"])
def test_any_killed_process_comes_back(mesh, program):
    with mesh.client() as client:
        before = modules(client)[program]["pid"]
        os.kill(before, signal.SIGKILL)
    wait_for(lambda: comes_back(mesh, program, before), 45, f"{program} did not come back")


def comes_back(mesh, program: str, before: int) -> bool:
    try:
        with mesh.client() as client:
            found = modules(client)
    except (httpx.HTTPError, KeyError):
        return False
    states = {module["state"] for module in found.values()}
    return found[program]["pid"] not in {0, before} and states == {"HEALTHY"}


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


def test_the_page_shows_a_lost_connection(mesh, page):
    page.evaluate(WATCH, ".live")
    mesh.run("restart", "gateway")
    expect(page.locator(".live")).to_have_text("接続中", timeout=20_000)
    page.wait_for_function("window.seen.includes('再接続中…')", timeout=20_000)
    expect(page.locator(".live")).to_have_text("接続中", timeout=20_000)


def test_a_figure_without_its_source_is_no_data(mesh, page):
    tile = page.locator(".tile", has_text="アクティブユーザー").locator(".value")
    expect(tile).to_have_text(re.compile(r"^\d+$"))
    with mesh.client() as client:
        assert client.post("/v1/modules/users:stop", json={}).status_code == 200
        expect(tile).to_have_text("データなし", timeout=40_000)
        expect(page.locator(".tile", has_text="CPU使用率").locator(".value")).to_contain_text("%")
        assert client.post("/v1/modules/users:start", json={}).status_code == 200
    expect(tile).to_have_text(re.compile(r"^\d+$"), timeout=30_000)


def test_memory_stays_in_its_bounds(mesh):
    last = mesh.run("status").strip().splitlines()[-1]
    assert float(last.split()[2]) < EDGE_MIB + SERVICE_MIB * len(SERVICES), last


def test_a_second_up_in_the_same_home_is_refused(mesh):
    command = [sys.executable, "-m", "deploy.local", "up"]
    done = subprocess.run(
        command, env=mesh.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert str(mesh.home) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert mesh.is_ready()


def test_the_requests_in_the_documents_work(mesh):
    document = (ROOT / "docs" / "developers.md").read_text()
    block = document.split("## Sign in")[1].split("```sh\n")[1].split("```")[0]
    block = block.replace("$(.venv/bin/libral password)", mesh.password)
    block = block.replace("curl -N", "curl -N --max-time 1")
    block = block.replace("localhost:8080", mesh.gateway.removeprefix("http://"))
    done = subprocess.run(["sh", "-c", block], capture_output=True, text=True, check=False)
    assert '"modules/users"' in done.stdout
    assert '"secret":"lbk_' in done.stdout
    assert "id: 1\ndata: " in done.stdout
