from dashboard.parts import widgets


async def test_small_elements(browser):
    def build(_) -> None:
        widgets.heading("題", 2)
        widgets.badge("正常", "good")
        widgets.facts([("名前", "花子")])
        widgets.plain_tile("件数", "データなし")
        widgets.plain_tile("総数", "7", "注")

    await browser.draw(build)
    assert browser.texts() == [
        "題",
        "正常",
        "名前",
        "花子",
        "件数",
        "データなし",
        "",
        "総数",
        "7",
        "注",
    ]
    assert browser.classes_of("正常") == ["badge", "good"]
    assert browser.classes_of("データなし") == ["value", "none"]
    assert browser.classes_of("7") == ["value"]


class Clipboard:
    """A browser that copies, or refuses to copy."""

    def __init__(self, *, result: bool) -> None:
        self.result = result

    def match(self, code: str):
        return code if "clipboard" in code else None

    def __call__(self, _: str) -> bool:
        return self.result


async def test_a_copy_shows_whether_it_was_made(browser):
    await browser.draw(lambda _: widgets.copy_button('"値"'))
    for result, words in ((False, "コピーできませんでした。"), (True, "コピーしました。")):
        clipboard = Clipboard(result=result)
        browser.user.javascript_rules = {clipboard: clipboard}
        browser.press("コピー")
        await browser.notified(words)
