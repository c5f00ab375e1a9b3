import pytest
from nicegui import ui

from dashboard.parts.confirm import confirm


@pytest.mark.parametrize(("pressed", "agreed"), [("再起動", True), ("キャンセル", False)])
async def test_the_answer_is_that_of_the_button(browser, pressed, agreed):
    answers: list[bool] = []

    async def ask() -> None:
        answers.append(await confirm("よろしいですか？", "再起動", note="止まります。"))

    await browser.draw(lambda _: ui.button("聞く", on_click=ask))
    browser.press("聞く")
    await browser.sees("止まります。")
    browser.press(pressed)
    await browser.until(lambda: answers)
    assert answers == [agreed]
    assert browser.texts() == []
