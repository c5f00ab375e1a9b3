"""Every page on desktop and phone: it renders, loads nothing external, logs no error."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from dashboard import fonts

ARTIFACTS = Path(".artifacts/screenshots")
PAGES = {
    "/": "PostgreSQL",
    "/modules": "決済サービス",
    "/infrastructure": "ホスト名",
    "/events": "累計イベント数",
    "/events/unhandled": "未処理のイベントはありません。",
    "/events/verification": "最終チェックポイント",
    "/payments": "本日の入金",
    "/users": "総ユーザー数",
    "/analytics": "リクエスト数",
}

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_draws(mesh, page, width):
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    page.on("request", lambda request: note_foreign(request.url, mesh.dashboard, problems))
    page.set_viewport_size({"width": width, "height": 900})
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    for path, words in PAGES.items():
        page.goto(f"{mesh.dashboard}{path}")
        page.get_by_text(words).first.wait_for()
        expect(page.get_by_text("読み込み中…")).to_have_count(0)
        expect(page.locator(".live")).to_have_text("接続中")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        name = path.strip("/").replace("/", "-") or "overview"
        page.screenshot(path=ARTIFACTS / f"{name}-{width}.png", full_page=True)
    assert problems == []


def note_foreign(url: str, dashboard: str, problems: list[str]) -> None:
    """Record requests to other hosts, and of the full font, which no test page needs."""
    if fonts.WHOLE in url or not url.startswith(
        (dashboard, dashboard.replace("http", "ws", 1), "data:", "blob:")
    ):
        problems.append(url)


def test_without_a_session_every_page_leads_to_the_sign_in(mesh, browser):
    context = browser.new_context()
    visitor = context.new_page()
    for path in PAGES:
        visitor.goto(f"{mesh.dashboard}{path}")
        assert "/sign-in" in visitor.url
    visitor.fill("input[name=login]", "admin")
    visitor.fill("input[name=password]", "wrong password")
    visitor.click("button[type=submit]")
    alert = visitor.get_by_role("alert")
    assert alert.inner_text() == "ユーザー名またはパスワードが正しくありません。"
    context.close()
