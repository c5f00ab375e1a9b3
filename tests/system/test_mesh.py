"""The whole mesh on real input, as an operator and as Telegram see it."""

import os
import signal

import psutil
import pytest
from playwright.sync_api import expect

from tests import smoke
from tests.mesh import modules, wait_for

pytestmark = pytest.mark.timeout(240)
WATCH = """() => {
    window.seen = [];
    const label = document.querySelector('.live');
    const note = () => window.seen.push(label.textContent.trim());
    const changes = {childList: true, characterData: true, subtree: true};
    new MutationObserver(note).observe(label, changes);
}"""
FEED_SECONDS = 1.0
ROOMS = ("users", "payments", "events", "telegram")


def test_health_and_refusals(mesh):
    smoke.check_refusals(mesh)


def test_tiles_agree_with_the_machine(mesh, page):
    memory = page.locator(".tile", has_text="メモリ使用率").locator(".value").inner_text()
    measured = psutil.virtual_memory().percent
    assert abs(float(memory.removesuffix("%")) - measured) < 5


def test_a_start_and_a_payment_show_in_an_open_browser(mesh, page):
    assert smoke.check_start_and_payment(mesh, page) < FEED_SECONDS


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
    seen = smoke.read_positions(mesh, 0, 3)
    mesh.run("restart", "gateway")
    wait_for(mesh.answers, 20, "the gateway did not come back")
    seen += smoke.read_positions(mesh, seen[-1], 3)
    assert seen == list(range(1, len(seen) + 1))


def test_the_page_says_when_it_is_not_live(mesh, page):
    page.evaluate(WATCH)
    mesh.run("restart", "gateway")
    expect(page.locator(".live")).to_have_text("接続中", timeout=20_000)
    page.wait_for_function("window.seen.includes('再接続中…')", timeout=20_000)
    expect(page.locator(".live")).to_have_text("接続中", timeout=20_000)


def test_memory_stays_in_its_bounds(mesh):
    last = mesh.run("status").strip().splitlines()[-1]
    assert float(last.split()[2]) < 700, last
