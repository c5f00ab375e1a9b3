import pytest
from nicegui import ui

from dashboard.api.modules import Module
from dashboard.parts import modules
from tests.fakes.gateway import Failure

USERS = Module.parse({"name": "modules/users", "state": "BUSY"})
STOP = "/v1/modules/users:stop"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            {"code": "CHECK_SLOW", "localizedMessage": {"message": "遅い応答です。"}},
            "遅い応答です。",
        ),
        ({"code": "CHECK_SLOW"}, "CHECK_SLOW"),
        ({}, ""),
    ],
)
def test_a_reason_is_the_message_of_the_gateway_or_else_its_code(reason, words):
    module = Module.parse({"name": "modules/users", "reason": "In English.", "stateReason": reason})
    assert modules.reason_words(module) == words


def test_a_state_that_is_not_known():
    strange = Module.parse({"name": "modules/else", "state": "ASLEEP"})
    assert (modules.state_words(strange), modules.state_tone(strange)) == ("不明", "")
    assert modules.module_title(strange) == "else"
    assert (modules.state_words(None), modules.state_tone(None)) == ("不明", "")
    assert modules.reason_words(None) == ""
    assert (modules.state_words(USERS), modules.state_tone(USERS)) == ("高負荷", "warn")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({}, "ユーザーサービスを停止しました。"),
        (Failure(409), "ユーザーサービスを停止できませんでした。できません。"),
        (Failure(503, "GATEWAY_DRAINING"), "ユーザーサービスの停止を受け付けました。"),
    ],
)
async def test_an_action_asks_first_and_shows_its_result(browser, reply, words):
    browser.gateway.replies[STOP] = reply
    await browser.draw(
        lambda page: ui.button("押す", on_click=modules.confirm_action(page, USERS, "STOP"))
    )
    browser.press("押す")
    await browser.sees("ユーザーサービスを停止します。よろしいですか？")
    assert browser.gateway.asked(STOP) == []
    browser.press("停止")
    await browser.notified(words)
    assert browser.gateway.asked(STOP) == [{}]
