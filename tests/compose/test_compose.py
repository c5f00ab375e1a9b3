"""The composed mesh passes the same checks as the local one."""

import pytest
from playwright.sync_api import expect

from tests import smoke
from tests.mesh import modules, wait_for

pytestmark = pytest.mark.timeout(300)


def all_healthy(client) -> bool:
    return {module["state"] for module in modules(client).values()} == {"HEALTHY"}


def test_health_and_refusals(mesh):
    smoke.check_refusals(mesh)


def test_a_start_and_a_payment_show_in_an_open_browser(mesh, page):
    smoke.check_start_and_payment(mesh, page)


def test_the_stream_has_every_event_in_order(mesh):
    assert smoke.read_positions(mesh, 0, 3) == [1, 2, 3]


def test_stopping_a_container_changes_its_state_only(mesh, page):
    with mesh.client() as client:
        wait_for(lambda: all_healthy(client), 30, "not every module is healthy")
        page.goto(f"{mesh.dashboard}/modules")
        badge = page.locator("[data-module=payments] .badge")
        expect(badge).to_have_text("正常")
        mesh.stop("payments")
        expect(badge).to_have_text("停止", timeout=10_000)
        states = {name: module["state"] for name, module in modules(client).items()}
        assert states.pop("payments") == "STOPPED"
        assert set(states.values()) == {"HEALTHY"}, states
        refused = client.get("/v1/payments")
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        assert client.get("/v1/users").status_code == 200
        mesh.start("payments")
        expect(badge).to_have_text("正常", timeout=30_000)
