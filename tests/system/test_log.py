"""The pages 未処理 and ログ検証 in a browser: dead letters, and defects of the log."""

import json
import os
import signal
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from deploy.local import embedded
from deploy.local.home import Home
from deploy.local.supervision import SupervisordClient
from tests.fakes import botapi
from tests.mesh import modules, wait_for
from tests.system.events import append, event

pytestmark = pytest.mark.timeout(240)
TRIES_MS = 30_000
"""Time limit of five tries with pauses, on a busy machine."""


@pytest.fixture
def poison(mesh):
    """Create events that the users service cannot handle, and discard them at the end."""

    def make(**data) -> int:
        plain = {"amount": "100", "currency": "XTR", "telegramId": "0"}
        sent = event("payment.completed", category="PAYMENT", data=plain | data)
        return append(mesh, sent)[0]

    yield make
    with mesh.client() as client:
        for one in dead_letters(client):
            client.post(f"/v1/{one['name']}:discard")
        wait_for(lambda: not dead_letters(client), 20, "dead letters stayed")


def dead_letters(client) -> list[dict]:
    return client.get("/v1/deadLetters").raise_for_status().json().get("deadLetters", [])


def rows(page):
    return page.locator(".q-table tbody tr")


def press(page, scope, verb: str) -> None:
    """Press a button and confirm."""
    scope.get_by_role("button", name=verb, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=verb, exact=True).click()


def test_a_dead_letter_is_retried_until_it_is_handled(mesh, page, poison):
    page.goto(f"{mesh.dashboard}/events/unhandled")
    expect(page.get_by_text("未処理のイベントはありません。")).to_be_visible()
    position = poison(telegramId="9901", amount="77")
    row = rows(page).filter(has_text="決済完了")
    expect(row).to_contain_text("ユーザーサービス", timeout=TRIES_MS)
    expect(row).to_contain_text("対応待ち")
    expect(page.locator(".side .badge")).to_have_text("1")
    row.click()
    drawer = page.get_by_role("complementary", name="詳細")
    expect(drawer).to_contain_text("has no known buyer.")
    expect(drawer).to_contain_text(str(position))
    press(page, drawer, "再試行")
    expect(drawer.locator(".fact", has_text="試行回数")).to_contain_text("6", timeout=TRIES_MS)
    expect(row).to_contain_text("対応待ち")
    assert mesh.post_update(botapi.command_update(9901, "/start", 9901)) == 200
    wait_for(lambda: knows(mesh, "9901"), 20, "the user was not registered")
    with stopped(mesh, "users"):
        press(page, drawer, "再試行")
        expect(row).to_contain_text("再試行中")
        expect(drawer.get_by_role("button", name="破棄")).to_be_disabled()
    expect(page.get_by_text("未処理のイベントはありません。")).to_be_visible(timeout=TRIES_MS)
    expect(drawer).to_be_hidden()
    expect(page.locator(".side .badge")).to_be_hidden()
    page.goto(f"{mesh.dashboard}/events")
    page.get_by_text("未処理イベントの再試行成功").first.wait_for()


def knows(mesh, telegram_id: str) -> bool:
    with mesh.client() as client:
        users = client.get("/v1/users", params={"pageSize": 1000}).json()["users"]
    return any(user.get("telegramId") == telegram_id for user in users)


@contextmanager
def stopped(mesh, service: str):
    """Stop a service inside the context, and start it at the end."""
    supervisor = SupervisordClient(Home(mesh.home))

    def state() -> str:
        return next(one["statename"] for one in supervisor.processes() if one["name"] == service)

    supervisor.stop(service)
    wait_for(lambda: state() == "STOPPED", 30, f"{service} did not stop")
    try:
        yield
    finally:
        supervisor.start(service)
        wait_for(lambda: state() == "RUNNING", 30, f"{service} did not start")


def test_dead_letters_that_are_chosen_are_discarded(mesh, page, poison):
    page.goto(f"{mesh.dashboard}/events/unhandled")
    for amount in ("none", "nothing", "kept"):
        poison(amount=amount)
    expect(rows(page)).to_have_count(3, timeout=TRIES_MS)
    toolbar = page.locator(".toolbar")
    expect(toolbar.get_by_role("button", name="破棄")).to_be_disabled()
    for row in rows(page).all()[1:]:
        row.get_by_role("checkbox").click()
    expect(toolbar).to_contain_text("選択中 2件")
    toolbar.get_by_role("button", name="破棄").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2件のイベントを破棄します。よろしいですか？")
    dialog.get_by_role("button", name="キャンセル").click()
    expect(dialog).to_be_hidden()
    expect(rows(page)).to_have_count(3)
    press(page, toolbar, "破棄")
    expect(rows(page)).to_have_count(1, timeout=TRIES_MS)
    expect(rows(page)).to_contain_text("'kept'")
    expect(toolbar).to_contain_text("選択中 0件")
    rows(page).get_by_role("checkbox").click()
    press(page, toolbar, "破棄")
    expect(page.get_by_text("未処理のイベントはありません。")).to_be_visible(timeout=TRIES_MS)


def database_url(mesh) -> str:
    home = Home(mesh.home)
    ports = json.loads((home.run / "ports.json").read_text())
    return embedded.postgres_url(ports["postgres"], home.secret("database_password"))


def test_the_check_of_the_chain_finds_what_was_altered(mesh, page):
    position = append(mesh, *(event("probe.checked", actor="someone") for _ in range(3)))[1]
    page.goto(f"{mesh.dashboard}/events/verification")
    result = page.locator(".toolbar [role=status]")
    page.get_by_role("button", name="検証", exact=True).click()
    expect(result).to_contain_text("正常", timeout=TRIES_MS)
    url = database_url(mesh)
    change = "UPDATE events.log SET actor = '{}' WHERE position = {}"
    embedded.run_statement(url, change.format("nobody", position))
    try:
        page.get_by_role("button", name="検証", exact=True).click()
        words = f"異常：番号{position:,}のイベントに問題があります。"
        expect(result).to_contain_text(words, timeout=TRIES_MS)
        expect(result).to_contain_text("内容またはハッシュが書き換えられています。")
    finally:
        embedded.run_statement(url, change.format("someone", position))
    page.get_by_role("button", name="検証", exact=True).click()
    expect(result).to_contain_text("正常", timeout=TRIES_MS)


def test_the_chain_check_can_be_aborted(mesh, page):
    page.goto(f"{mesh.dashboard}/events/verification")
    with mesh.client() as client:
        pid = int(modules(client)["events"]["pid"])
    os.kill(pid, signal.SIGSTOP)
    try:
        page.get_by_role("button", name="検証", exact=True).click()
        page.get_by_role("button", name="中止", exact=True).click()
    finally:
        os.kill(pid, signal.SIGCONT)
    expect(page.locator(".toolbar [role=status]")).to_contain_text("中止しました", timeout=TRIES_MS)
    expect(page.get_by_role("button", name="検証", exact=True)).to_be_enabled()


def test_the_checkpoint_and_the_consumers_are_shown(mesh, page):
    page.goto(f"{mesh.dashboard}/events/verification")
    panel = page.locator(".panel", has=page.get_by_role("heading", name="最終チェックポイント"))
    with mesh.client() as client:
        wait_for(
            lambda: client.get("/v1/checkpoints:latest").status_code == 200, 90, "no checkpoint"
        )
        sent = client.get("/v1/checkpoints:latest").json()
    expect(panel).to_contain_text(f"{int(sent['position']):,}", timeout=15_000)
    expect(panel.locator(".fact", has_text="Telegram")).to_contain_text("未設定")
    expect(panel.locator(".fact", has_text="ファイル")).to_contain_text("有効")
    reader = rows(page).filter(has_text="ユーザーサービス").first
    expect(reader).to_contain_text("0件", timeout=15_000)
    services = page.locator(".panel", has=page.get_by_role("heading", name="送信待ち"))
    waits = services.locator("tbody tr")
    expect(waits).to_have_count(5)
    waits_here = waits.filter(has_text="ユーザーサービス")
    with stopped(mesh, "users"):
        for sent in (reader, waits_here):
            expect(sent).to_contain_text("データなし", timeout=60_000)
        expect(waits).to_have_count(5)
    for sent in (reader, waits_here):
        expect(sent).not_to_contain_text("データなし", timeout=60_000)


def test_viewers_get_no_actions(mesh, browser, poison):
    poison(amount="looked at")
    user = {"login": "looker", "displayName": "閲覧 太郎", "roles": ["VIEWER"]}
    password = "only look at this"
    with mesh.client() as client:
        created = client.post("/v1/users", params={"password": password}, json=user)
        created.raise_for_status()
    context = browser.new_context(locale="ja-JP")
    visitor = context.new_page()
    visitor.goto(f"{mesh.dashboard}/events/unhandled")
    visitor.fill("input[name=login]", "looker")
    visitor.fill("input[name=password]", password)
    visitor.click("button[type=submit]")
    expect(rows(visitor)).to_contain_text("決済完了", timeout=TRIES_MS)
    rows(visitor).click()
    drawer = visitor.get_by_role("complementary", name="詳細")
    expect(drawer).to_contain_text("looked at")
    assert visitor.get_by_role("button", name="再試行").count() == 0
    assert visitor.get_by_role("button", name="破棄").count() == 0
    visitor.goto(f"{mesh.dashboard}/events/verification")
    expect(visitor.get_by_role("button", name="検証", exact=True)).to_be_disabled()
    context.close()


@pytest.fixture
def forgotten(mesh):
    """Remove the first event as retention does, with its floor, and restore it at the end."""
    url = database_url(mesh)
    for table in ("log", "ids"):
        where = f"FROM events.{table} WHERE position = 1"
        embedded.run_statement(url, f"CREATE TABLE public.gone_{table} AS SELECT * {where}")
        embedded.run_statement(url, f"DELETE {where}")
    embedded.run_statement(url, "CREATE TABLE public.floor AS TABLE events.floor")
    embedded.run_statement(
        url, "UPDATE events.floor SET (position, hash) = (SELECT position, hash FROM gone_log)"
    )
    yield
    embedded.run_statement(
        url, "UPDATE events.floor SET (position, hash) = (SELECT position, hash FROM public.floor)"
    )
    for table in ("log", "ids"):
        embedded.run_statement(url, f"INSERT INTO events.{table} TABLE public.gone_{table}")
    embedded.run_statement(url, "DROP TABLE public.floor, public.gone_log, public.gone_ids")


@pytest.mark.usefixtures("forgotten")
def test_the_check_of_the_chain_begins_with_what_is_kept(mesh, page):
    page.goto(f"{mesh.dashboard}/events/verification")
    page.get_by_role("button", name="検証", exact=True).click()
    result = page.locator(".toolbar [role=status]")
    expect(result).to_contain_text("正常", timeout=TRIES_MS)
