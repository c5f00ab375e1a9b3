from nicegui import ui

from dashboard.parts.layout import page_frame, panel


async def test_a_frame_has_the_name_of_its_page_and_hides_the_problem(browser):
    def build(page) -> None:
        with page_frame(page, "/events/verification") as problem:
            assert not problem.visible
            ui.label("中身")
            with panel("一覧", "/users", "直近1時間"):
                ui.label("行")

    await browser.draw(build)
    assert browser.user.client.title == "ログ検証｜Libral Core"
    texts = browser.texts()
    assert texts.index("イベント") < texts.index("中身") < texts.index("一覧") < texts.index("行")
    assert "直近1時間" in texts
    assert ("すべて表示", "/users") in [
        (one.text, one.props["href"]) for one in browser.elements(ui.link)
    ]
