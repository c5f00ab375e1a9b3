"""The events page in a browser: filters, pause, restarts, hostile events, and the export."""

import csv
import io
import os
import signal
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.mesh import modules, wait_for
from tests.system.events import append, event

pytestmark = pytest.mark.timeout(240)
USER = "users/0199aaaa-0000-7000-8000-00000000000{}"
SCRIPT = "window.hacked = 1"
HOSTILE = {
    ":x": SCRIPT,
    "@click": SCRIPT,
    "v-html": "<b>bold</b>",
    "{{ constructor }}": f"{{{{ constructor.constructor('{SCRIPT}')() }}}}",
    "html": f"<img src=x onerror='{SCRIPT}'><script>{SCRIPT}</script>",
    "nested": [{":y": SCRIPT, "__proto__": {"polluted": True}}],
}


def open_list(page, mesh, **query) -> None:
    """Open the list and wait until it shows the log."""
    page.goto(f"{mesh.dashboard}/events?{urlencode(query)}")
    expect(page.locator(".live-list-note")).not_to_have_text("読み込み中…")
    expect(page.locator(".live")).to_have_text("接続中")


def titles(page) -> list[str]:
    return page.locator(".live-list-row .title").all_text_contents()


def positions(page) -> list[int]:
    return [int(one) for one in page.locator(".live-list-row .key").all_text_contents()]


@pytest.fixture
def mark() -> str:
    """A word that no other event contains."""
    return f"mark{uuid4().hex[:12]}"


SAMPLES = {
    "probe.plain": {},
    "probe.debug": {"level": "DEBUG"},
    "probe.error": {"level": "ERROR"},
    "probe.warning": {"level": "WARNING", "source": "users"},
    "probe.payment": {"category": "PAYMENT", "actor": USER.format(1)},
    "probe.about": {"subject": USER.format(1)},
    "probe.named": {"data": {"deep": {"user": USER.format(1)}}},
    "probe.other": {"data": {"user": USER.format(2)}},
    "probe.japanese": {"data": {"text": "注文の支払い Order完了"}},
    "probe.words": {"data": {"text": "Blue-Green deployment, finished"}},
    "probe.early": {"time": "2020-01-01T14:59:59Z"},
    "probe.between": {"time": "2020-01-01T15:00:00Z"},
    "probe.late": {"time": "2020-01-02T15:00:00Z"},
}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"level": "WARNING"}, ["probe.warning", "probe.error"]),
        ({"category": "PAYMENT"}, ["probe.payment"]),
        ({"source": "users"}, ["probe.warning"]),
        ({"user": USER.format(1)}, ["probe.named", "probe.about", "probe.payment"]),
        (
            {"from": "2020-01-02T00:00", "to": "2020-01-03T00:00"},
            ["probe.between"],
        ),
        ({"q": "支払"}, ["probe.japanese"]),
        ({"q": "ORDER"}, ["probe.japanese"]),
        ({"q": "deployment blue"}, ["probe.words"]),
        ({"q": "deploy"}, []),
        ({"q": "finished", "level": "ERROR"}, []),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_filter_holds_for_what_is_there_and_for_what_comes(mesh, page, mark, query, found):
    """A live list and a reloaded list show the same events."""
    words = {"q": f"{query.get('q', '')} {mark}".strip()}
    open_list(page, mesh, **(query | words))
    assert titles(page) == []
    append(mesh, *(marked(kind, mark, fields) for kind, fields in SAMPLES.items()))
    # This last event passes every filter, so all events before it have been shown too.
    last = {"level": "ERROR", "category": "PAYMENT", "source": "users", "actor": USER.format(1)}
    last |= {"time": "2020-01-01T20:00:00Z", "data": {"text": query.get("q", "")}}
    append(mesh, marked("probe.last", mark, last))
    page.get_by_text("probe.last", exact=True).wait_for()
    assert titles(page) == ["probe.last", *found]
    page.reload()
    page.get_by_text("probe.last", exact=True).wait_for()
    assert titles(page) == ["probe.last", *found]


def marked(kind: str, mark: str, fields: dict) -> dict:
    return event(kind, **(fields | {"data": {"mark": mark, **fields.get("data", {})}}))


def test_the_filters_of_the_page_write_the_address(mesh, page, mark):
    append(mesh, marked("probe.first", mark, {}), marked("probe.second", mark, {"level": "ERROR"}))
    open_list(page, mesh)
    page.get_by_label("検索").fill(mark)
    page.get_by_label("検索").press("Enter")
    page.wait_for_url(f"**/events?q={mark}")
    expect(page.locator(".live-list-row")).to_have_count(2)
    page.get_by_label("レベル").click()
    page.get_by_role("option", name="エラーのみ").click()
    page.wait_for_url(lambda url: "level=ERROR" in url and mark in url)
    expect(page.locator(".live-list-row")).to_have_count(1)
    page.get_by_label("開始日時").fill("2099-01-01T00:00")
    page.get_by_label("開始日時").press("Enter")
    page.wait_for_url(lambda url: "from=2099" in url)
    expect(page.get_by_text("条件に合うイベントはありません。")).to_be_visible()
    page.get_by_role("link", name="絞り込み解除").click()
    page.wait_for_url("**/events")


def test_a_long_search_without_results_can_be_continued(mesh, page, mark):
    """Each word is common, but only one event, older than the others, contains both."""
    words = [f"left{mark}", f"right{mark}"]
    append(mesh, event("probe.both", data={"text": " ".join(words)}))
    for _ in range(24):
        append(mesh, *(event("probe.one", data={"text": words[n % 2]}) for n in range(500)))
    open_list(page, mesh, q=" ".join(words))
    assert titles(page) == []
    page.get_by_role("button", name="続きを検索").click()
    page.get_by_text("probe.both", exact=True).wait_for()


def test_an_address_opens_an_event_and_leads_on(mesh, page, mark):
    data = {"mark": mark, "user": USER.format(7), "of": ["payments/p-7"]}
    sent = event("probe.linked", subject="modules/users", data=data)
    append(mesh, sent)
    open_list(page, mesh, q=mark)
    page.locator(".live-list-row").click()
    drawer = page.get_by_role("complementary", name="詳細")
    expect(drawer).to_contain_text(sent["id"])
    page.wait_for_url(lambda url: sent["id"] in url and mark in url)
    page.reload()
    expect(drawer).to_contain_text(sent["id"])
    expect(page.locator(".live-list-row.here .title")).to_have_text("probe.linked")
    links = [one.get_attribute("href") for one in drawer.locator("a").all()]
    assert sorted(links) == [
        f"/events?{urlencode({'user': USER.format(7)})}",
        "/modules?module=users",
        "/payments?payment=p-7",
        f"/users?user={USER.format(7).partition('/')[2]}",
    ]
    drawer.get_by_role("button", name="閉じる").click()
    expect(drawer).to_be_hidden()
    page.wait_for_url(lambda url: sent["id"] not in url)
    page.goto(f"{mesh.dashboard}/modules?module=users")
    expect(page.locator(".panel.here")).to_have_attribute("data-module", "users")


def test_a_user_and_a_payment_open_by_address(mesh, page):
    with mesh.client() as client:
        admin = client.get("/v1/users").json()["users"][0]
    page.goto(f"{mesh.dashboard}/users?user={admin['name'].partition('/')[2]}")
    expect(page.get_by_role("dialog")).to_contain_text(admin["name"])
    page.goto(f"{mesh.dashboard}/payments?payment=01990000-0000-7000-8000-000000000000")
    expect(page.get_by_role("alert")).not_to_be_empty()


def test_a_pause_counts_what_waits_and_shows_all_of_it_in_order(mesh, page, mark):
    append(mesh, marked("probe.before", mark, {}))
    open_list(page, mesh, q=mark)
    expect(page.locator(".live-list-row")).to_have_count(1)
    page.get_by_role("button", name="一時停止").click()
    waiting = page.locator(".toolbar [role=status]")
    expect(waiting).to_have_text("待機中 0件")
    first = append(mesh, *(marked("probe.paused", mark, {}) for _ in range(3)))
    expect(waiting).to_have_text("待機中 3件")
    assert titles(page) == ["probe.before"]
    page.get_by_role("button", name="再開").click()
    expect(waiting).to_have_text("")
    expect(page.locator(".live-list-row")).to_have_count(4)
    assert positions(page)[:3] == first[::-1]
    page.get_by_role("button", name="一時停止").click()
    more = append(mesh, *(marked("probe.many", mark, {}) for _ in range(250)))
    append(mesh, marked("probe.none", "another", {}))
    expect(waiting).to_have_text("待機中 250件", timeout=20_000)
    page.get_by_role("button", name="再開").click()
    expect(page.locator(".live-list-row")).to_have_count(200)
    assert positions(page) == more[:-201:-1]
    page.get_by_role("button", name="次のページ").click()
    page.wait_for_url("**page=*")
    expect(page.locator(".live-list-row")).to_have_count(50)
    assert positions(page) == more[49::-1]


@pytest.mark.parametrize("killed", ["gateway", "events"])
def test_what_happened_while_a_process_was_killed_shows_once(mesh, page, mark, killed):
    seen = append(mesh, *(marked("probe.before", mark, {}) for _ in range(2)))
    open_list(page, mesh, q=mark)
    expect(page.locator(".live-list-row")).to_have_count(2)
    page.evaluate("window.same = true")
    with mesh.client() as client:
        pid = int(modules(client)[killed]["pid"])
    os.kill(pid, signal.SIGKILL)
    for _ in range(10):
        seen += append(mesh, *(marked("probe.during", mark, {}) for _ in range(5)), wait=True)
    wait_for(mesh.is_ready, 30, "the gateway did not come back")
    seen += append(mesh, marked("probe.after", mark, {}))
    page.get_by_text("probe.after", exact=True).wait_for()
    expect(page.locator(".live-list-row")).to_have_count(len(seen))
    assert positions(page) == seen[::-1]
    assert page.evaluate("window.same")


def test_a_hostile_event_is_text_and_nothing_else(mesh, page, mark):
    problems: list[str] = []
    page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    long = "長い" * 9_000
    image = f"<img src=x onerror='{SCRIPT}'>"
    sent = event(
        "probe.hostile", subject=image, actor=":x", data=HOSTILE | {"long": long, "mark": mark}
    )
    page.get_by_text("リアルタイムイベント").wait_for()
    append(mesh, sent)
    expect(page.locator(".live-list.short")).to_contain_text(image)
    open_list(page, mesh, q=mark)
    append(mesh, event("probe.hostile", subject=image, data={"mark": mark, ":x": SCRIPT}))
    expect(page.locator(".live-list-row")).to_have_count(2)
    page.locator(".live-list-row").last.click()
    drawer = page.get_by_role("complementary", name="詳細")
    for key, value in HOSTILE.items():
        expect(drawer.locator(".json")).to_contain_text(f'"{key}"')
        if isinstance(value, str):
            expect(drawer.locator(".json")).to_contain_text(value)
    assert long not in drawer.inner_text()
    drawer.get_by_role("button", name="すべて表示").click()
    expect(drawer).to_contain_text(long)
    drawer.get_by_role("button", name="コピー").click()
    expect(page.get_by_text("コピーしました。")).to_be_visible()
    assert long in page.evaluate("navigator.clipboard.readText()")
    assert (
        page.locator(".main img, .main script, .main b, .drawer img, .drawer script").count() == 0
    )
    assert page.evaluate("[window.hacked, {}.polluted]") == [None, None]
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert problems == []


def test_the_export_holds_what_the_filter_finds_and_no_formula(mesh, page, mark):
    append(
        mesh,
        marked("probe.kept", mark, {"subject": "=HYPERLINK(1)", "actor": "@SUM(A1)"}),
        marked("probe.kept", mark, {"subject": "-1+2", "data": {"text": 'a,"b"\n改行'}}),
        marked("probe.left", mark, {"level": "DEBUG", "subject": "＝1"}),
    )
    open_list(page, mesh, q=mark, level="INFO")
    expect(page.locator(".live-list-row")).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSVダウンロード").click()
    content = download.value.path().read_bytes()
    assert download.value.suggested_filename.endswith(".csv")
    assert content.startswith(
        "\ufeff番号".encode().replace("番号".encode(), b'"' + "番号".encode())
    )
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row["種類"] for row in rows] == ["probe.kept", "probe.kept"]
    assert [row["対象"] for row in rows] == ["'-1+2", "'=HYPERLINK(1)"]
    assert [row["操作者"] for row in rows] == ["", "'@SUM(A1)"]
    assert "改行" in rows[0]["データ"]
    assert rows[0]["レベル"] == "情報"


def test_the_export_needs_a_session(mesh, browser):
    context = browser.new_context()
    response = context.request.get(f"{mesh.dashboard}/events.csv", max_redirects=0)
    assert response.status == 303
    assert response.headers["location"] == "/sign-in"
    context.close()
